"""Reference data: loaded, named, checked."""
