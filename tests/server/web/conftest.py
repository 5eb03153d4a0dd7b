from tests.server.office import office

__all__ = ["office"]
