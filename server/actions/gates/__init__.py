"""Gate machines of others: passes come in, what is known of a person goes back."""
