"""The health of the server: keys, retention, readiness."""
