"""Isolation cases, and those that nobody reported."""
