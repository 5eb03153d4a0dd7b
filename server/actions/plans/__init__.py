"""A plan's own text, with what its measures have come to."""
