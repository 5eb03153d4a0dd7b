"""The reference tablet: an outbox that loses nothing, a store that follows the server, in one SQLite file."""
