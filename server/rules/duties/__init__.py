"""Rules of duties: windows, evidence, coverage, judging."""
