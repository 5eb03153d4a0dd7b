"""What a running process holds besides the database: its settings, its clock, its keys, and the store of its photos."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from server.clock import Clock
from server.config import Config
from server.media_store import MediaStore
from server.seal import Seals


@dataclass(frozen=True, slots=True)
class Runtime:
    config: Config
    clock: Clock
    seals: Seals
    media: MediaStore


def least_free_bytes(config: Config) -> int:
    """The room that is left where keys and photos lie, or the SQLite database, whichever has less."""
    folders = {
        config.data_dir,
        config.data_dir if config.database_file is None else config.database_file.parent,
    }
    return min(shutil.disk_usage(folder).free for folder in folders)
