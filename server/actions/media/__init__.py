"""Photos: uploaded, inspected, shown."""
