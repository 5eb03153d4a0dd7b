"""Records: the change feed, registers and served bodies."""
