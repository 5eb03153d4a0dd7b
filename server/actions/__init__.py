"""Verbs: one action a file; they take a session and the time, and never commit."""
