"""Work of several transactions: scheduler, backups, photos, notices, rosters."""
