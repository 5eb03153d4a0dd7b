"""Endpoints: parse, one call, answer."""
