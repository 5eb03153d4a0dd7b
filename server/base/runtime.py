"""What a running process holds, apart from the database: its settings, its clock, its keys, and the store of its photos."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from server.base.clock import Clock
from server.base.config import Config
from server.base.media_store import MediaStore
from server.base.seal import Seals


@dataclass(frozen=True, slots=True)
class Runtime:
    config: Config
    clock: Clock
    seals: Seals
    media: MediaStore


def least_free_bytes(config: Config) -> int:
    """The free space where keys and photos are stored, or the SQLite database, whichever is less."""
    folders = {
        config.data_dir,
        config.data_dir if config.database_file is None else config.database_file.parent,
    }
    return min(shutil.disk_usage(folder).free for folder in folders)


def make_private(config: Config) -> None:
    """Make the data folder and the SQLite database readable by their owner only, whoever starts the app and with whatever
    umask. An existing file loses the rights of others; an existing folder is left as it is."""
    config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = config.database_file
    if file is None:
        return
    with suppress(OSError):  # SQLite says more clearly what is wrong with it
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    for path in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
        with suppress(OSError):
            mode = path.stat().st_mode & 0o777
            if mode & 0o077:
                path.chmod(mode & 0o700)
