"""Users, their log-ins, and how often something may be tried."""
