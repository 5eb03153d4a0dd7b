"""Rosters as contractors write them: what a column means, what a cell says, what is wrong with a person's row."""
