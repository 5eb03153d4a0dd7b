"""The Gongdi server."""
