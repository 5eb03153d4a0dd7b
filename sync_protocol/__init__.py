"""The sync protocol: plain values and pure decisions, the same for a server and for a tablet."""

__version__ = "0.1.0"
