"""What everything else uses: clock, settings, database, encryption, problems."""
