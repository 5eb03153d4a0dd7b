"""What papers say, by rules: pure."""
