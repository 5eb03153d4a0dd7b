"""Pure rules: facts and a given time in, decisions out."""
