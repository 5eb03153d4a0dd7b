"""Commit a roster: what its preview showed becomes entries in the site's log, in one transaction, once."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy.orm import Session
from uuid_utils import uuid7

from schemas.fields import is_real_date
from server.actions.rosters.preview import Absent, Result, compare_again, read_result, rows_read
from server.actions.rosters.stored_people import seen_since, stored_people
from server.actions.rosters.upload_roster import own_roster
from server.actions.sync.write_server_entries import Draft, write_server_entries
from server.base.problems import Problem
from server.base.seal import Seals
from server.models.access import Viewer
from server.models.roster import Roster
from server.models.scope import lock_scope
from server.rules.calendar import local_date_of
from server.rules.masking import mask_certificate
from server.rules.rosters.compare import Certificate, Comparison, Stored, compare, exits
from server.rules.rosters.validate import Row
from sync_protocol.outcomes import EFFECTIVE

PREVIEW_STALE = "preview_stale"
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


def commit_roster(
    session: Session, seals: Seals, viewer: Viewer, roster_id: str, decision: Decision, now_ms: int
) -> Roster:
    """Write what is new and changed, and who left. A roster that was committed with this decision stays as it is.

    The roster is compared once more under the site's lock: nothing is written that the preview did not show. Raises
    Problem 404, 403, 409 (not read yet, committed otherwise; `preview_stale`: see `compare_anew`) or 422 (a date or
    people that cannot be).
    """
    roster = own_roster(session, viewer, roster_id)
    if roster.state == "committed":
        _check_repeated(roster, decision)
        return roster
    if roster.state != "preview":
        raise Problem(
            409, "roster_not_judged", "这份名册还不能提交", "请先等待读完, 并确认各列。", state=roster.state
        )
    _check_day(decision, now_ms)
    result = read_result(seals, roster)
    leaving = _leaving(result, decision)
    lock_scope(session, roster.site_id)
    stored = stored_people(session, seals, roster.site_id, roster.company)
    rows = rows_read(result)
    done = compare(rows, stored, seen_since(session, roster.site_id, exits(rows, stored)))
    _check_fresh(result, done, leaving)
    _check_unseen(session, roster.site_id, leaving, decision)
    drafts = [*_from_rows(rows, done, stored), *_from_absent(done, leaving, decision)]
    outcomes = (
        write_server_entries(session, seals, viewer.id, roster.site_id, drafts, now_ms) if drafts else []
    )
    roster.told = {**roster.told, "decision": decision.digest}
    roster.counts = {**roster.counts, **_written(drafts, outcomes)}
    roster.state, roster.committed_ms, roster.committed_by = "committed", now_ms, viewer.id
    return roster


def compare_anew(session: Session, seals: Seals, viewer: Viewer, roster_id: str) -> None:
    """After `preview_stale`: let the preview show what a commit would do now. Raises Problem 404 or 403."""
    roster = own_roster(session, viewer, roster_id)
    if roster.state == "preview":
        compare_again(session, seals, roster)


def _check_repeated(roster: Roster, decision: Decision) -> None:
    if roster.told.get("decision", decision.digest) != decision.digest:
        detail = "提交时对“名册里没有的人”另有决定, 不能再改; 要登记退场, 请重新上传名册。"
        raise Problem(409, "already_committed", "这份名册已经提交过", detail)


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
    """Who is to leave, by record: of the absent that a person was shown. Raises Problem 422 for people who are not among
    them, for nobody, and for who entered only later."""
    if decision.exited_on is None:
        return {}
    leaving = {person.record: person for person in result.absent}
    if decision.people is not None:
        unknown = [index for index, key in enumerate(decision.people) if key not in leaving][:_NAMED_MAX]
        if unknown:
            message = "此人不在“名册里没有的人”之中。"
            errors = {f"/people/{index}": [message] for index in unknown}
            raise Problem(422, "invalid_input", "输入有误", message, errors=errors)
        if not decision.people:
            message = "请选择要登记退场的人。"
            raise Problem(422, "invalid_input", "输入有误", message, errors={"/people": [message]})
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
    return Problem(422, "invalid_input", "退场日期有误", message, errors={"/exited_on": [message]})


def _check_fresh(result: Result, done: Comparison, leaving: Mapping[str, Absent]) -> None:
    """Raises Problem 409 when the commit would do something else than the preview says."""
    shown = [row.verdict for row in result.rows], [row.changes for row in result.rows]
    here = {person.id: person.fields["entered_on"] for person in done.absent}
    gone = any(here.get(key) != person.entered_on for key, person in leaving.items())
    if gone or shown != (done.verdicts, done.changes):
        detail = "预览之后, 其中有人的登记被别处改过, 因此什么都没有提交。预览已重新比对, 请核对后再提交。"
        raise Problem(409, PREVIEW_STALE, "预览已经过时", detail)


def _from_rows(rows: list[Row], done: Comparison, stored: dict[Certificate, Stored]) -> Iterator[Draft]:
    for row, verdict, changes in zip(rows, done.verdicts, done.changes, strict=True):
        if verdict == "new":
            yield Draft("worker", "add", str(uuid7()), row.fields)
        elif verdict == "changed":
            known = stored[_certificate(row)]
            yield Draft("worker", "edit", known.id, changes, known.rev)


def _from_absent(done: Comparison, leaving: Mapping[str, Absent], decision: Decision) -> Iterator[Draft]:
    for person in done.absent:
        if person.id in leaving:
            yield Draft("worker", "edit", person.id, {"exited_on": decision.exited_on}, person.rev)


def _written(drafts: list[Draft], outcomes: list[dict[str, Any]]) -> dict[str, int]:
    """What took effect, by what was meant; `refused`: what did not."""
    done: Counter[str] = Counter()
    for draft, told in zip(drafts, outcomes, strict=True):
        done[_meant(draft) if told["outcome"] in EFFECTIVE else "refused"] += 1
    return {name: done[name] for name in ("added", "edited", "exited", "refused")}


def _meant(draft: Draft) -> str:
    if draft.act == "add":
        return "added"
    return "exited" if list(draft.body) == ["exited_on"] else "edited"


def _certificate(row: Row) -> Certificate:
    assert row.certificate is not None, "only who has a number is compared"
    return row.certificate
