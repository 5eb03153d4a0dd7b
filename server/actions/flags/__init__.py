"""Flags: raised, moved by people, escalated by the clock, shown."""
