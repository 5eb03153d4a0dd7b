"""The same app and cast as the server's own tests."""

from __future__ import annotations

from tests.server.conftest import app, cast, clock, config, second_app

__all__ = ["app", "cast", "clock", "config", "second_app"]
