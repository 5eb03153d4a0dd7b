"""Packs: what a plan brings, loaded together."""
