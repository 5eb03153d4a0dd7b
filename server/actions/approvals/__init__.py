"""What a second person has to approve before it takes effect."""
