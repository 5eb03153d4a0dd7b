"""What every endpoint shares: responses, headers, the log of requests."""
