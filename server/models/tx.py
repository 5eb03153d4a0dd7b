"""What an action that writes works with."""

from __future__ import annotations

from dataclasses import dataclass

from server.base.db import Session
from server.base.seal import Seals
from server.rules.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Tx:
    """One transaction (see `write` in server/base/db.py), the keys, the time at which it happens, and the rules in force."""

    session: Session
    seals: Seals
    now_ms: int
    book: Rulebook
