"""Cameras of sites, and the platforms that report on them."""
