"""Proofs: the log, the flags, and current state as what follows from the log."""
