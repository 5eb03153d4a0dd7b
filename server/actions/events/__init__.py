"""Events of sites, for programs of others: read by cursor, or sent to their address."""
