"""Erase what else names a person: rosters that were uploaded with that person, and forms that nobody has sent yet."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session, undefer

from server.actions.accounts.form_keys import form_aad
from server.actions.erasure.find_person import Likeness
from server.actions.erasure.request_erasure import Person
from server.actions.rosters.preview import Result, ValidatedRow, read_result, sealed_result
from server.base.problems import Problem
from server.base.seal import SealBroken, Seals
from server.models.entry import Quarantine
from server.models.form import SentForm
from server.models.roster import Roster

_CASES, _FILL = "cases", "fill"  # pages of a site: its cases, and the forms that are filled in there
_UNREAD = ("received", "mapping")  # the file is still needed


@dataclass(frozen=True, slots=True)
class Purged:
    """A roster as it is to be kept: `result` None where nothing was validated yet. `old`: the sealed result that this was
    made of. `dropped`: how many rows of each verdict, and of the absent, went."""

    id: str
    old: bytes | None
    result: bytes | None
    dropped: dict[str, int]


def next_roster(session: Session, after: str | None) -> Roster | None:
    """The next roster of which anything is kept."""
    query = sa.select(Roster).where(sa.or_(Roster.file.is_not(None), Roster.result.is_not(None)))
    if after is not None:
        query = query.where(Roster.id > after)
    return session.scalar(query.order_by(Roster.id).limit(1).options(undefer(Roster.result)))


def purge_roster(seals: Seals, person: Person, roster: Roster) -> Purged | None:
    """The roster without this person; None where it does not name the person. Needs no database. A file that nobody has
    read yet cannot be searched: those of the person's companies at the person's sites count as naming the person."""
    if roster.result is None:
        mine = roster.site_id in person.workers and roster.company in person.companies
        return Purged(roster.id, None, None, {}) if mine else None
    try:
        result = read_result(seals, roster)
    except (Problem, SealBroken, msgspec.MsgspecError):
        return None
    numbers, ids = {number.upper() for number in person.numbers}, person.ids
    rows = [row for row in result.rows if not _names(row, numbers)]
    absent = [one for one in result.absent if one.record not in ids and one.certificate_number not in numbers]
    gone = [row.verdict for row in result.rows if _names(row, numbers)]
    if not gone and len(absent) == len(result.absent):
        return None
    dropped = {verdict: gone.count(verdict) for verdict in gone}
    dropped["absent"] = len(result.absent) - len(absent)
    fresh = sealed_result(seals, roster.id, Result(result.sheets, rows, absent))
    return Purged(roster.id, roster.result, fresh, dropped)


def write_purged(session: Session, purged: Purged) -> bool:
    """Keep a roster without the person; whether it was still the one that was looked through, and is not being
    committed right now. One that nobody has read yet
    has to be uploaded again. What was committed keeps its counts: they are history."""
    roster = session.get(
        Roster, purged.id, with_for_update=True, populate_existing=True, options=[undefer(Roster.result)]
    )
    if roster is None or roster.result != purged.old or roster.state == "committing":
        return False
    roster.file, roster.result = None, purged.result
    if roster.state in _UNREAD:
        detail = "其中有人的个人资料已依法删除, 请重新上传名册。"
        roster.state, roster.problem = "failed", Problem("person_erased", detail).as_dict()
    if roster.state == "preview":
        counts = dict(roster.counts)
        for name, number in purged.dropped.items():
            counts[name] = max(0, counts.get(name, 0) - number)
        gone = sum(purged.dropped.values()) - purged.dropped.get("absent", 0)
        for name in ("rows", "done"):
            counts[name] = max(0, counts.get(name, 0) - gone)
        roster.counts = counts
    return True


def _names(row: ValidatedRow, numbers: Collection[str]) -> bool:
    values = [row.fields.get("certificate_number"), *row.cells]
    return any(isinstance(one, str) and one.strip().upper() in numbers for one in values)


def erase_refused(session: Session, keys: Collection[tuple[str, str]]) -> int:
    """Forget these copies of refused lines (scope, id); gives how many."""
    gone: Any = session.execute(
        sa.delete(Quarantine).where(sa.tuple_(Quarantine.scope_id, Quarantine.id).in_(keys))
    )
    return int(gone.rowcount)


def erase_forms(session: Session, seals: Seals, person: Person) -> int:
    """Forget drafts of forms that name this person; gives how many. There are few: ten a user at most."""
    likeness = Likeness(person)
    query = sa.select(SentForm.nonce, SentForm.fields).where(SentForm.fields.is_not(None))
    found = [
        nonce
        for nonce, fields in session.execute(query)
        if fields is not None and likeness.mentions(seals.open(form_aad(nonce), fields))
    ]
    session.execute(sa.delete(SentForm).where(SentForm.nonce.in_(found)))
    return len(found)


def erase_site_forms(session: Session, site_id: str, kinds: Collection[str]) -> int:
    """Forget drafts of forms by which a record of these kinds, or a case, of this site is written; gives how many."""
    query = sa.select(SentForm.nonce, SentForm.page).where(
        SentForm.fields.is_not(None), SentForm.page.contains(f"/sites/{site_id}/", autoescape=True)
    )
    found = [nonce for nonce, page in session.execute(query) if _is_of(page.split("/"), site_id, kinds)]
    session.execute(sa.delete(SentForm).where(SentForm.nonce.in_(found)))
    return len(found)


def _is_of(path: list[str], site_id: str, kinds: Collection[str]) -> bool:
    after = path[path.index(site_id) + 1 :]
    return after[:1] == [_CASES] or (after[:1] == [_FILL] and after[1:2] != [] and after[1] in kinds)
