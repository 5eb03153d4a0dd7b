"""Reference data: every list and number that the rules work with; see README.md. A package, so that a wheel has it."""
