"""Sites: registered, assigned, suspended, shown."""
