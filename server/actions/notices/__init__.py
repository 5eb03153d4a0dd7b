"""Notices: queued, gathered into digests, listed."""
