"""Pages of a list: by key, never by offset, so that nothing is skipped or shown twice while rows are
added."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from server.base.problems import Problem

LIMIT_DEFAULT = 50
LIMIT_MAX = 200
CURSOR_CHARS_MAX = 100
T = TypeVar("T")
_MS_MAX = 1 << 53


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page, and the cursor of the next (None: this was the last)."""

    items: list[T]
    next: str | None


@dataclass(frozen=True, slots=True)
class After:
    """Where a page starts: after the row with this instant (0 where the order has none) and id."""

    ms: int
    id: str


@dataclass(frozen=True, slots=True)
class Slice:
    """Part of a list that is read whole because its rows are sealed: up to `limit` rows from row `start` on."""

    start: int
    limit: int

    def of(self, rows: Sequence[T]) -> Sequence[T]:
        return rows[self.start : self.start + self.limit]


def write_cursor(after: After) -> str:
    """An opaque cursor: clients hand it back as it is."""
    return base64.urlsafe_b64encode(f"{after.ms}:{after.id}".encode()).decode().rstrip("=")


def read_cursor(text: str | None) -> After | None:
    """Where to continue. Raises Problem 422 for text that is no cursor."""
    if not text:
        return None
    try:
        plain = base64.b64decode(
            text[:CURSOR_CHARS_MAX] + "=" * (-len(text) % 4), altchars=b"-_", validate=True
        )
        ms, _, row_id = plain.decode("ascii").partition(":")
        if not ms.isdigit() or int(ms) > _MS_MAX:
            raise ValueError(ms)
        return After(int(ms), str(UUID(row_id)))
    except (binascii.Error, ValueError) as error:
        message = "游标无效, 请从第一页重新开始。"
        raise Problem("invalid_input", message, errors={"cursor": [message]}) from error


def cut(rows: Sequence[T], limit: int, place: Callable[[T], After]) -> Page[T]:
    """A page out of up to `limit` + 1 rows: the one too many only says that there is more."""
    shown = list(rows[:limit])
    return Page(shown, write_cursor(place(shown[-1])) if len(rows) > limit else None)
