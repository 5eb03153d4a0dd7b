"""The reference tablet: a SQLite outbox and store that speak the protocol."""
