"""Signals: patterns in records that are worth a look."""
