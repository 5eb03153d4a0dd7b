"""Windows: planned, matched with facts, judged."""
