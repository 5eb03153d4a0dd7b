"""Push and pull: lines into the log, each taking effect once."""
