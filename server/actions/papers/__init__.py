"""Papers of flags: drafted, signed, served, voided."""
