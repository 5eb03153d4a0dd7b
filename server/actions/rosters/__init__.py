"""Rosters: uploaded, validated, previewed, committed."""
