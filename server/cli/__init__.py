"""The commands of `gongdi`."""
