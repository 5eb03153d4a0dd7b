"""What people did, newest first: changes and log-ins, full numbers that were shown, people who were erased."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.reference.check_codes import wrong
from server.models.audit import AuditEvent
from server.models.erasure import Erasure
from server.models.paging import After, Page, cut, read_cursor
from server.models.roster import Disclosure
from server.models.site import Site
from server.models.user import User
from server.rules.audit_words import EVENTS, GROUPS
from server.rules.calendar import add_days, midnight_ms
from server.rules.plain_text import cleaned

TEXT_MAX = 100
_DAY = re.compile(r"20\d\d-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class ShownDeed:
    """One thing that was done. `who`: the user's name, None for a command on the server."""

    id: str
    at_ms: int
    what: str
    who: str | None
    name: str | None
    subject: str
    reason: str
    changes: Mapping[str, Sequence[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody looks for: a group of GROUPS, a text of the user's names and one of the subject, local dates from and
    to, both included. Empty: any."""

    group: str = ""
    who: str = ""
    subject: str = ""
    first: str = ""
    last: str = ""


def asked_deeds(given: Mapping[str, str]) -> Asked:
    """Raises Problem 422 for a date that is none."""
    group = given.get("group", "")
    who, subject = (cleaned(given.get(name, ""))[:TEXT_MAX] for name in ("who", "subject"))
    return Asked(group if group in GROUPS else "", who, subject, _day(given, "from"), _day(given, "to"))


def page_of_deeds(session: Session, asked: Asked, cursor: str | None, limit: int) -> Page[ShownDeed]:
    """A page, newest first. Each source gives its newest rows by its own index. Raises Problem 422 for a bad cursor."""
    after = read_cursor(cursor)
    sources = [list(rows) for rows in _sources(session, asked, after, limit + 1)]
    newest = heapq.merge(*sources, key=lambda row: (row.at_ms, row.id), reverse=True)
    found = [row for _, row in zip(range(limit + 1), newest, strict=False)]
    return cut(found, limit, lambda row: After(row.at_ms, row.id))


def _sources(
    session: Session, asked: Asked, after: After | None, limit: int
) -> Iterator[Iterator[ShownDeed]]:
    codes = [code for code, event in EVENTS.items() if not asked.group or event.group == asked.group]
    event, shown, erased = AuditEvent, Disclosure, Erasure

    own = sa.select(event.id, event.at_ms, event.what, event.subject, event.reason, event.changes)
    query = _bounded(own.where(event.what.in_(codes)), asked, after, event.at_ms, event.id)
    query = _about(_by(query, event.user_id, asked), event.subject, asked).limit(limit)
    yield (_deed(row, row.changes) for row in session.execute(query))

    if "unmasked" in codes:
        what = sa.case((shown.people > 0, "unmasked"), else_="looked_up").label("what")
        people = sa.cast(shown.people, sa.String)
        subject = sa.func.coalesce(Site.name, "") + " · " + people + " 人"
        disclosed = sa.select(shown.id, shown.at_ms, what, subject.label("subject"), shown.reason)
        query = disclosed.outerjoin(Site, Site.id == shown.site_id)
        query = _by(_bounded(query, asked, after, shown.at_ms, shown.id), shown.user_id, asked)
        yield (_deed(row) for row in session.execute(_about(query, subject, asked).limit(limit)))

        requested = sa.select(
            erased.id,
            erased.asked_ms.label("at_ms"),
            sa.literal("erased").label("what"),
            erased.document.label("subject"),
            erased.reason,
        )
        query = _by(_bounded(requested, asked, after, erased.asked_ms, erased.id), erased.asked_by, asked)
        yield (_deed(row) for row in session.execute(_about(query, erased.document, asked).limit(limit)))


def _bounded(query: Any, asked: Asked, after: After | None, at_ms: Any, row_id: Any) -> Any:
    """Within the dates, before where the page begins, newest first."""
    if asked.first:
        query = query.where(at_ms >= midnight_ms(asked.first))
    if asked.last:
        query = query.where(at_ms < midnight_ms(add_days(asked.last, 1)))
    if after is not None:
        place = sa.tuple_(after.ms, sa.bindparam(None, after.id, type_=AuditEvent.id.type))
        query = query.where(sa.tuple_(at_ms, row_id) < place)
    return query.order_by(at_ms.desc(), row_id.desc())


def _by(query: Any, user_id: Any, asked: Asked) -> Any:
    """With the names of whoever did it, and those whose names have the text that is asked for."""
    query = query.add_columns(User.display_name.label("who"), User.name.label("name"))
    query = query.outerjoin(User, User.id == user_id)
    if asked.who:
        names = (column.contains(asked.who, autoescape=True) for column in (User.name, User.display_name))
        query = query.where(sa.or_(*names))
    return query


def _about(query: Any, subject: Any, asked: Asked) -> Any:
    return query.where(subject.contains(asked.subject, autoescape=True)) if asked.subject else query


def _deed(row: Any, changes: Mapping[str, Sequence[Any]] | None = None) -> ShownDeed:
    return ShownDeed(row.id, row.at_ms, row.what, row.who, row.name, row.subject, row.reason, changes or {})


def _day(given: Mapping[str, str], name: str) -> str:
    text = given.get(name, "").strip()
    if not text:
        return ""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise wrong(name, "日期应写成 2026-12-01 的样子。")
