"""What a running process holds besides the database: its settings, its clock and its keys."""

from __future__ import annotations

from dataclasses import dataclass

from server.clock import Clock
from server.config import Config
from server.seal import Seals


@dataclass(frozen=True, slots=True)
class Runtime:
    config: Config
    clock: Clock
    seals: Seals
