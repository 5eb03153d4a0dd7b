"""The Gongdi server."""

from sync_protocol import __version__ as __version__
