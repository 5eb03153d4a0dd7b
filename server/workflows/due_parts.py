"""Which parts of a tick have something to do, found in one statement: a tick without work takes no lock.

Each part's own query is asked whether it gives a row, so that what is looked for is written once. To put them together
takes longer than the answer: so the question is kept, and asked again at other times of the same hour. PostgreSQL would
read and plan it each time besides: there it is prepared (server/base/prepared.py). The question is put by the rules that
this process knew last; whether they still hold comes with the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.cameras.take_reports import gap_ms_of, left_cameras
from server.actions.cameras.watch_platforms import platforms_to_clear, platforms_to_flag, silence_of
from server.actions.cases.flag_overdue_cases import cases_to_look_at
from server.actions.cases.screen_trips import sites_to_screen
from server.actions.devices.retire_reporters import due_streams
from server.actions.duties.judge_windows import windows_to_judge
from server.actions.duties.plan_windows import due_sites
from server.actions.erasure.erase_health import sites_to_erase
from server.actions.erasure.find_person import late_lines
from server.actions.erasure.person_requests import requests_to_remind
from server.actions.erasure.request_erasure import erasures_under_way
from server.actions.flags.escalate import due_steps
from server.actions.flags.resume_clocks import LAST_BEAT
from server.actions.forms.judge_again import scopes_waiting
from server.actions.ops.expire_rows import expired
from server.actions.ops.reseal import keys_in_rotation
from server.actions.ops.retention import Query, due_rows
from server.actions.reference.load_reference import last_rules, rules_in_force, rules_of_stamp
from server.actions.signals.find_signals import sites_to_watch
from server.actions.sync.release_held import due_entries
from server.base.db import db, is_postgresql
from server.base.prepared import ask_prepared
from server.models.reference import STAMP, Reference
from server.rules.calendar import HOUR_MS
from server.rules.rulebook import Rulebook
from server.workflows.make_reports import due_reports
from server.workflows.read_rosters import due_rosters
from server.workflows.receive_media import expired_uploads, old_photos

_kept: dict[tuple[str, str, int], Kept] = {}
_STAMP, _BEAT = "stamp", "beat"


class Due(NamedTuple):
    """What was found at one moment: the rules in force, whether each part has something to do, and when a scheduler last
    finished a tick (None: none did)."""

    book: Rulebook
    parts: Mapping[str, bool]
    beat_ms: int | None


class Moment(int):
    """A time in milliseconds that remembers how a number was calculated from it, so that a statement that was put together
    at one time can be asked again at another."""

    of: Callable[[int], int]

    def __new__(cls, value: int, of: Callable[[int], int] = int) -> Moment:
        made = super().__new__(cls, value)
        made.of = of
        return made

    def _then(self, step: Callable[[int], int]) -> Moment:
        of = self.of
        return Moment(step(int(self)), lambda now_ms: step(of(now_ms)))

    def __add__(self, other: int) -> Moment:
        return self._then(lambda value: value + other)

    def __sub__(self, other: int) -> Moment:
        of, less = self.of, other.of if isinstance(other, Moment) else lambda _: other
        return Moment(int(self) - int(other), lambda now_ms: of(now_ms) - less(now_ms))

    def __mul__(self, other: int) -> Moment:
        return self._then(lambda value: value * other)

    def __floordiv__(self, other: int) -> Moment:
        return self._then(lambda value: value // other)

    def __mod__(self, other: int) -> Moment:
        return self._then(lambda value: value % other)


@dataclass(frozen=True, slots=True)
class Kept:
    """A question, and those of its parameters that change with the time; `text`, `given`, `places`: as the driver of SQLite
    takes it, with all parameters by name, and their names in the order of its marks."""

    question: Query
    moments: dict[str, Moment]
    text: str
    given: dict[str, Any]
    places: tuple[str, ...]

    def at(self, now_ms: int) -> dict[str, int]:
        return {name: moment.of(now_ms) for name, moment in self.moments.items()}


def find_due(session: Session, now_ms: int) -> Due:
    """What there is to do at `now_ms` by the rules in force. One statement, but where these have changed."""
    book = last_rules(db.engine) or rules_in_force(session)
    answer = _ask(session, now_ms, book)
    stamp = answer.pop(_STAMP) or ""
    if stamp != book.stamp:
        book = rules_of_stamp(session, stamp)
        answer = _ask(session, now_ms, book)
        del answer[_STAMP]
    beat_ms = answer.pop(_BEAT)
    return Due(book, {name: bool(is_due) for name, is_due in answer.items()}, beat_ms)


def due_parts(session: Session, now_ms: int, book: Rulebook) -> dict[str, bool]:
    """Whether each part has something to do at `now_ms` by these rules."""
    answer = _ask(session, now_ms, book)
    return {name: bool(is_due) for name, is_due in answer.items() if name not in (_STAMP, _BEAT)}


def _ask(session: Session, now_ms: int, book: Rulebook) -> dict[str, Any]:
    """Dates, and what begins at a time of the day, begin with an hour."""
    dialect = session.get_bind().dialect
    key = (dialect.name, book.stamp, now_ms // HOUR_MS)
    kept = _kept.get(key)
    if kept is None:
        _kept.clear()
        kept = _kept[key] = kept_question(dialect, now_ms, book)
    moments = kept.at(now_ms)
    if is_postgresql(session):
        answer = ask_prepared(session, kept.question, moments)
    else:
        given = kept.given | moments
        answer = session.connection().exec_driver_sql(kept.text, tuple(given[name] for name in kept.places))
    return dict(answer.one()._mapping)


def kept_question(dialect: sa.Dialect, now_ms: int, book: Rulebook) -> Kept:
    """The question at this time, to be asked at any time of its hour."""
    question = _question(Moment(now_ms), book)
    compiled: Any = question.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    moments = {name: value for name, value in compiled.params.items() if isinstance(value, Moment)}
    given = {
        name: _as_driver(dialect, compiled.binds.get(name), value) for name, value in compiled.params.items()
    }
    return Kept(question, moments, str(compiled), given, tuple(compiled.positiontup or ()))


def _as_driver(dialect: sa.Dialect, parameter: sa.BindParameter[Any] | None, value: Any) -> Any:
    """A value as the driver takes it: SQLite's path into a document is more than its name. One of a list has no parameter
    of its own."""
    process = None if parameter is None else parameter.type.dialect_impl(dialect).bind_processor(dialect)
    return value if process is None else process(value)


def _question(now_ms: int, book: Rulebook) -> Query:
    """One column a part: whether it has something to do; the stamp of the rules, and the last heartbeat."""
    cameras, platforms = _of_cameras(now_ms, book)
    asked: dict[str, Iterable[Query | None]] = {
        "windows": [due_sites(now_ms, book)],
        "forms": [scopes_waiting()],
        "held": [due_entries(now_ms)],
        "cameras": cameras,
        "platforms": platforms,
        "reporters": [due_streams(now_ms, book)],
        "judged": [windows_to_judge(now_ms)],
        "trips": [sites_to_screen()],
        "cases": [cases_to_look_at(now_ms)],
        "steps": [due_steps(now_ms)],
        "signals": [sites_to_watch(now_ms)],
        "rosters": due_rosters(now_ms),
        "media": [expired_uploads(now_ms), old_photos(now_ms, book)],
        "reseal": [keys_in_rotation()],
        "erase": [erasures_under_way(), late_lines()],
        "health": [sites_to_erase(now_ms, book)],
        "requests": [requests_to_remind(now_ms)],
        "reports": due_reports(now_ms, book),
        "house": [sa.select(sa.literal(1)).where(old) for old in expired(now_ms, book).values()],
        "retention": due_rows(now_ms, book),
    }
    columns = (
        sa.or_(sa.false(), *(query.exists() for query in queries if query is not None)).label(name)
        for name, queries in asked.items()
    )
    stamp = sa.select(Reference.data["value"].as_string()).where(Reference.noun == STAMP)
    also = (stamp.scalar_subquery().label(_STAMP), LAST_BEAT.scalar_subquery().label(_BEAT))
    return sa.select(*also, *columns)


def _of_cameras(now_ms: int, book: Rulebook) -> tuple[list[Query], list[Query]]:
    """Cameras of which something is not in the log yet, and platforms whose flags change."""
    silence_ms = silence_of(book, now_ms)
    if silence_ms is None:
        return [], []
    flags: list[Query] = [platforms_to_flag(now_ms, silence_ms), platforms_to_clear(now_ms, silence_ms)]
    return [left_cameras(gap_ms_of(book, now_ms), now_ms)], flags
