"""Test vectors for clients and servers in any language: JSON files that say what must come out of what."""
