"""The shapes of everything that crosses the wire: the only authority on fields, lengths and ranges."""
