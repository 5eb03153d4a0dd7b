"""What everything stands on: clock, settings, database, encryption, problems."""
