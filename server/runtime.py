"""What a running process holds besides the database: its settings, its clock, its keys, and the store of its photos."""

from __future__ import annotations

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
