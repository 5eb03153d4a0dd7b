"""Erasing one person's data: asked for, done in the background, proved."""
