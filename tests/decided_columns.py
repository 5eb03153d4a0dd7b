"""Who may set the columns that say what a window and a flag are: watched in every test, over objects and over the SQL that
leaves for the database."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from server.base import db
from server.models import Flag, FlagStep, Window
from server.models.window import DueWindow

ROOT = Path(__file__).parents[1]
WINDOW = ("state", "reason", "need", "have")
FLAG = ("state", "unit", "level", "opened_ms", "closed_ms", "company", "assignee_id")
STEP = ("unit", "due_ms", "asks", "taken_ms", "done_ms")
WRITERS: Mapping[type[Any], tuple[str, tuple[str, ...]]] = {
    Window: ("server/models/window.py:set_decision", WINDOW),
    DueWindow: ("server/models/window.py:set_decision", WINDOW),
    Flag: ("server/actions/flags/events.py:set_flag_state", FLAG),
    FlagStep: ("server/actions/flags/events.py:set_flag_state", STEP),
}
# A statement that names them has to come from here: what it writes was decided before.
SAVING = ("server/models/window.py:save_decisions", "server/models/window.py:insert_windows")
_TABLES = {"duty_window": WINDOW, "flag": FLAG, "flag_step": STEP}
_UPDATE = re.compile(
    r'\s*UPDATE "?(duty_window|flag|flag_step)"?(?: old)? SET (.*?)(?: FROM | WHERE |$)', re.DOTALL
)


class DecidedElsewhere(AssertionError):
    """Code other than the rule's own writer has set the state of a window or a flag."""


def _callers() -> Iterator[str]:
    """The places of the product and of its tests that led here, the nearest first."""
    frame = sys._getframe(2)
    while frame is not None:
        name = _own_file(frame.f_code.co_filename)
        if name:
            yield f"{name}:{frame.f_code.co_name}"
        frame = frame.f_back  # type: ignore[assignment]


@cache
def _own_file(file: str) -> str:
    """Its name in this repository; empty for the files of others, and for this one."""
    path = Path(file)
    if not path.is_relative_to(ROOT) or ".venv" in path.parts or path == Path(__file__):
        return ""
    return path.relative_to(ROOT).as_posix()


def _check(what: str, allowed: tuple[str, ...]) -> None:
    nearest = next(_callers(), "")
    free = nearest.startswith(("tests/", "server/migrations/"))  # a test makes what it needs
    if not free and nearest not in allowed and not nearest.endswith(":__init__"):
        raise DecidedElsewhere(f"{what} was set by {nearest}, not by {', '.join(allowed)}")


def _watch_objects() -> None:
    for model, (writer, names) in WRITERS.items():
        if model is DueWindow:
            continue
        for name in names:

            def watch(
                _target: Any, _value: Any, _old: Any, _event: Any, name: str = name, by: str = writer
            ) -> None:
                _check(name, (by,))

            sa.event.listen(getattr(model, name), "set", watch)


def _watch_plain_windows() -> None:
    writer, names = WRITERS[DueWindow]
    plain = DueWindow.__setattr__

    def watch(self: DueWindow, name: str, value: Any) -> None:
        if name in names and sys._getframe(1).f_code.co_name != "__init__":
            _check(name, (writer,))
        plain(self, name, value)

    DueWindow.__setattr__ = watch  # type: ignore[method-assign, assignment]


def check_statement(statement: str) -> None:
    """Raises DecidedElsewhere for an UPDATE of these columns that no object and no saving of what was decided made."""
    found = _UPDATE.match(statement) if "UPDATE" in statement[:12] else None
    if found is None or not any(re.search(rf'\b{name}"?\s*=', found[2]) for name in _TABLES[found[1]]):
        return
    if not any(name.endswith("sqlalchemy/orm/unitofwork.py") for name in _files()):
        # Not a flush, which writes what was set on objects.
        nearest = [caller for caller in _callers() if not caller.startswith("server/base/db.py")][:1]
        if not any(
            caller in SAVING or caller.startswith(("tests/", "server/migrations/")) for caller in nearest
        ):
            raise DecidedElsewhere(f"{statement[:80]} by {nearest}, not by {', '.join(SAVING)}")


def _files() -> Iterator[str]:
    frame = sys._getframe(1)
    while frame is not None:
        yield frame.f_code.co_filename
        frame = frame.f_back  # type: ignore[assignment]


def watch_decided_columns() -> None:
    """From here on every set and every UPDATE is looked at. Once for a process."""
    _watch_objects()
    _watch_plain_windows()

    @sa.event.listens_for(sa.Engine, "before_cursor_execute")
    def watch(_c: Any, _cursor: Any, statement: str, _p: Any, _context: Any, _many: bool) -> None:
        check_statement(statement)

    plain = db._driver_of

    def driver_of(session: Any, text: str) -> Any:
        check_statement(text)
        return plain(session, text)

    db._driver_of = driver_of  # type: ignore[assignment]
