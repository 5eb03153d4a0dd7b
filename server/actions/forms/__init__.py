"""Forms: checked, published, compared, listed and retired, and what comes with them."""
