"""Where the server answers, for commands that name it in a link: another shell has other variables than the one in which it
was started."""

from __future__ import annotations

import os

from server.base.config import Config

_NOTE = "address"  # in the data folder


def note_address(config: Config, port: int) -> str:
    """Remember where the server answers, and give it."""
    address = f"http://{config.host}:{port}"
    config.data_dir.mkdir(parents=True, exist_ok=True)
    (config.data_dir / _NOTE).write_text(address, "utf-8")
    return address


def own_address(config: Config) -> str:
    """Where it answers: by PORT, where this shell says it, else as it was started last."""
    note = config.data_dir / _NOTE
    if "PORT" not in os.environ and note.exists():
        return note.read_text("utf-8")
    return f"http://{config.host}:{config.port}"
