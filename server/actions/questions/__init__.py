"""Questions that wait for a user's decision."""
