"""Rules of flags: moves, history, escalation."""
