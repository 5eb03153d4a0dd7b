"""Commit a roster: what its preview showed becomes entries in the site's log, once, and all of it. It is validated outside
of any lock, and written part by part: nobody else waits long, and after a crash the commit goes on where it stopped."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session
from uuid_utils import uuid7

from schemas.fields import is_real_date
from server.actions.duties.roster_commits import look_again
from server.actions.reference.load_reference import rules_in_force
from server.actions.rosters.preview import (
    Absent,
    Planned,
    Result,
    compare_again,
    read_result,
    rows_read,
    sealed_result,
)
from server.actions.rosters.stored_people import SEEN_BY, seen_since, stored_people
from server.actions.rosters.upload_roster import own_roster
from server.actions.sync.write_server_entries import Draft, write_server_entries
from server.base.problems import Problem
from server.base.seal import Seals
from server.models.access import Viewer
from server.models.record import Record
from server.models.roster import Roster
from server.models.scope import Scope, lock_scope
from server.rules.calendar import local_date_of
from server.rules.masking import mask_certificate
from server.rules.rosters.compare import Certificate, Comparison, Stored, compare, exits
from server.rules.rosters.validate import Row
from sync_protocol.outcomes import EFFECTIVE

PREVIEW_STALE = "preview_stale"
COMMITTING = "committing"
PART = 50  # entries in one transaction: nobody waits long for it
_WRITTEN = ("added", "edited", "exited", "refused")
_NAMED_MAX = 20  # people named in one problem


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of the absent: `exited_on` None leaves them; else they left on that date, as it was typed: all of
    them, or those named in `people` (record ids)."""

    exited_on: str | None = None
    people: Sequence[str] | None = None

    @property
    def digest(self) -> str:
        people = None if self.exited_on is None or self.people is None else sorted(set(self.people))
        return hashlib.sha256(msgspec.json.encode((self.exited_on, people))).hexdigest()


@dataclass(frozen=True, slots=True)
class Plan:
    """A commit that was planned outside of any lock: what it writes (`result`, sealed as well), and what it rests on:
    the preview as it was kept, and the site's change counter."""

    site_id: str
    seen: bytes | None
    seq: int
    result: Result
    sealed: bytes
    decision: Decision

    @property
    def has_exits(self) -> bool:
        """Whether anybody leaves: then it matters too whether they were seen since."""
        return any("exited_on" in row.changes for row in self.result.rows)


def plan_commit(
    session: Session, seals: Seals, viewer: Viewer, roster_id: str, decision: Decision, now_ms: int
) -> Plan | None:
    """What a commit would write: what is new and changed, and who left. None for a roster that was committed with this
    decision, or is being committed. Writes nothing.

    Raises Problem 404, 403, 409 (not read yet, committed otherwise; `preview_stale`: see `refresh_preview`) or 422 (a
    date or people that cannot be): a roster that is refused changes nothing.
    """
    roster = own_roster(session, viewer, roster_id, lock=False)
    if roster.state in ("committed", COMMITTING):
        _check_repeated(roster, decision)
        return None
    if roster.state != "preview":
        raise Problem("roster_not_judged", "请先等待读完, 并确认各列。", state=roster.state)
    _check_day(decision, now_ms)
    result = read_result(seals, roster)
    leaving = _leaving(result, decision)
    seq = session.get_one(Scope, roster.site_id).seq
    stored = stored_people(session, seals, roster.site_id, roster.company)
    rows = rows_read(result)
    done = compare(rows, stored, seen_since(session, roster.site_id, exits(rows, stored)))
    _check_fresh(result, done, leaving)
    _check_unseen(session, roster.site_id, leaving, decision)
    result.planned = [*_from_rows(rows, done, stored), *_from_absent(done, leaving)]
    sealed = sealed_result(seals, roster_id, result)
    return Plan(roster.site_id, roster.result, seq, result, sealed, decision)


def begin_commit(session: Session, viewer: Viewer, roster_id: str, plan: Plan) -> bool:
    """From now on the roster is committed, all of it, part by part (`write_part`), even after a crash in between. False, and
    nothing has changed, when the preview or what it rests on has changed meanwhile: plan again."""
    roster = own_roster(session, viewer, roster_id)
    lock_scope(session, plan.site_id)
    people = ("worker", *SEEN_BY) if plan.decision.exited_on is not None or plan.has_exits else ("worker",)
    moved = sa.select(Record.id).where(
        Record.scope_id == plan.site_id, Record.seq > plan.seq, Record.kind.in_(people)
    )
    is_stale = roster.state != "preview" or roster.result != plan.seen
    if is_stale or session.scalar(moved.limit(1)) is not None:
        return False
    decided = {"decision": plan.decision.digest, "exited_on": plan.decision.exited_on}
    roster.state, roster.result, roster.committed_by = COMMITTING, plan.sealed, viewer.id
    roster.details = {**roster.details, **decided}
    roster.counts = {
        **roster.counts,
        **dict.fromkeys(_WRITTEN, 0),
        "written": 0,
        "to_write": len(plan.result.planned),
    }
    return True


def write_part(session: Session, seals: Seals, roster_id: str, result: Result, now_ms: int) -> bool:
    """Write the next entries of a roster that is being committed, each exactly once, even if another process does so
    too. Gives whether more are left. `result`: as `begin_commit` kept it."""
    roster = session.get_one(Roster, roster_id, with_for_update=True, populate_existing=True)
    if roster.state != COMMITTING:
        return False
    first = roster.counts["written"]
    part = result.planned[first : first + PART]
    drafts = [_draft(result, one, roster.details.get("exited_on")) for one in part]
    author = roster.committed_by or roster.user_id
    outcomes = write_server_entries(session, seals, author, roster.site_id, drafts, now_ms) if drafts else []
    done = _written(drafts, outcomes)
    counts = {name: roster.counts.get(name, 0) + done[name] for name in _WRITTEN}
    written = first + len(part)
    roster.counts = {**roster.counts, **counts, "written": written}
    if written < len(result.planned):
        return True
    roster.state, roster.committed_ms = "committed", now_ms
    look_again(session, roster.site_id, rules_in_force(session), now_ms)
    return False


def refresh_preview(session: Session, seals: Seals, viewer: Viewer, roster_id: str) -> Roster:
    """After `preview_stale`: the roster with a preview that shows what a commit would do now. In a read: the caller writes
    it. Raises Problem 404 or 403."""
    roster = own_roster(session, viewer, roster_id, lock=False)
    if roster.state == "preview":
        with session.no_autoflush:
            compare_again(session, seals, roster)
    return roster


def keep_refreshed(session: Session, viewer: Viewer, fresh: Roster, seen: bytes | None) -> None:
    """Keep the preview that `refresh_preview` made, unless another was kept meanwhile than the one `seen` then."""
    roster = own_roster(session, viewer, fresh.id)
    if roster.state == "preview" and roster.result == seen:
        roster.result, roster.counts, roster.details = fresh.result, fresh.counts, fresh.details


def _check_repeated(roster: Roster, decision: Decision) -> None:
    if roster.details.get("decision", decision.digest) != decision.digest:
        detail = "提交时对“名册里没有的人”另有决定, 不能再改; 要登记退场, 请重新上传名册。"
        raise Problem("already_committed", detail)


def _check_day(decision: Decision, now_ms: int) -> None:
    if decision.exited_on is None:
        return
    if not decision.exited_on:
        raise _bad_day("请填写退场日期。")
    if not is_real_date(decision.exited_on):
        raise _bad_day("退场日期应写成 2026-11-01 这样的年月日。")
    if decision.exited_on > local_date_of(now_ms):
        raise _bad_day("退场日期不能晚于今天。")


def _leaving(result: Result, decision: Decision) -> dict[str, Absent]:
    """Who is to leave, by record: of the absent that the user was shown. Raises Problem 422 for people who are not among
    them, for an empty choice, and for people who entered only later."""
    if decision.exited_on is None:
        return {}
    leaving = {person.record: person for person in result.absent}
    if decision.people is not None:
        unknown = [index for index, key in enumerate(decision.people) if key not in leaving][:_NAMED_MAX]
        if unknown:
            message = "此人不在“名册里没有的人”之中。"
            errors = {f"/people/{index}": [message] for index in unknown}
            raise Problem("invalid_input", message, errors=errors)
        if not decision.people:
            message = "请选择要登记退场的人。"
            raise Problem("invalid_input", message, errors={"/people": [message]})
        leaving = {key: leaving[key] for key in decision.people}
    later = [person for person in leaving.values() if person.entered_on > decision.exited_on]
    if later:
        named = (_named(person, f"{person.entered_on} 进场") for person in later[:_NAMED_MAX])
        raise _bad_day(f"退场日期早于 {len(later)} 人的进场日期: {'; '.join(named)}。")
    return leaving


def _check_unseen(session: Session, site_id: str, leaving: Mapping[str, Absent], decision: Decision) -> None:
    """Raises Problem 422 for people who passed the gate or were measured after the day on which they are to have left: as
    `exit_before_last_event` of a row."""
    if decision.exited_on is None:
        return
    seen = seen_since(session, site_id, dict.fromkeys(leaving, decision.exited_on))
    if seen:
        named = (_named(leaving[key], f"{seen[key]} 还有出入或测温记录") for key in list(seen)[:_NAMED_MAX])
        raise _bad_day(f"退场日期早于 {len(seen)} 人的最后一次记录: {'; '.join(named)}。")


def _named(person: Absent, what: str) -> str:
    return f"{person.name} ({mask_certificate(person.certificate_number)}, {what})"


def _bad_day(message: str) -> Problem:
    return Problem("invalid_input", message, errors={"/exited_on": [message]})


def _check_fresh(result: Result, done: Comparison, leaving: Mapping[str, Absent]) -> None:
    """Raises Problem 409 when the commit would do something else than the preview says."""
    shown = [row.verdict for row in result.rows], [row.changes for row in result.rows]
    here = {person.id: person.fields["entered_on"] for person in done.absent}
    gone = any(here.get(key) != person.entered_on for key, person in leaving.items())
    if gone or shown != (done.verdicts, done.changes):
        detail = "预览之后, 其中有人的登记被别处改过, 因此什么都没有提交。预览已重新比对, 请核对后再提交。"
        raise Problem(PREVIEW_STALE, detail)


def _from_rows(rows: list[Row], done: Comparison, stored: dict[Certificate, Stored]) -> Iterator[Planned]:
    for index, (row, verdict) in enumerate(zip(rows, done.verdicts, strict=True)):
        if verdict == "new":
            yield Planned(index)
        elif verdict == "changed":
            known = stored[_certificate(row)]
            yield Planned(index, known.id, known.rev)


def _from_absent(done: Comparison, leaving: Mapping[str, Absent]) -> Iterator[Planned]:
    for person in done.absent:
        if person.id in leaving:
            yield Planned(-1, person.id, person.rev)


def _draft(result: Result, planned: Planned, exited_on: str | None) -> Draft:
    if planned.row < 0:
        return Draft("worker", "edit", planned.record, {"exited_on": exited_on}, planned.base)
    row = result.rows[planned.row]
    if not planned.record:
        return Draft("worker", "add", str(uuid7()), row.fields)
    return Draft("worker", "edit", planned.record, row.changes, planned.base)


def _written(drafts: list[Draft], outcomes: list[dict[str, Any]]) -> dict[str, int]:
    """What took effect, by what was meant; `refused`: what did not."""
    done: Counter[str] = Counter()
    for draft, outcome in zip(drafts, outcomes, strict=True):
        done[_meant(draft) if outcome["outcome"] in EFFECTIVE else "refused"] += 1
    return {name: done[name] for name in _WRITTEN}


def _meant(draft: Draft) -> str:
    if draft.act == "add":
        return "added"
    return "exited" if list(draft.body) == ["exited_on"] else "edited"


def _certificate(row: Row) -> Certificate:
    assert row.certificate is not None, "only who has a number is compared"
    return row.certificate
