"""Commit a roster: what its preview showed becomes entries in the site's log, in one transaction, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session
from uuid_utils import uuid7

from server.actions.judge_roster import JudgedRow, Result, read_result
from server.actions.stored_people import seen_since, stored_people
from server.actions.upload_roster import own_roster
from server.actions.write_entries import Draft, write_entries
from server.models.access import Viewer
from server.models.roster import Roster
from server.models.scope import lock_scope
from server.problems import Problem
from server.rules.calendar import local_date_of
from server.rules.roster.compare import FOUND_BY_COMPARISON, Certificate, Comparison, Stored, compare, exits
from server.rules.roster.judge import Row
from server.rules.roster.problems import Found
from server.seal import Seals


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of the absent: `exited_on` None leaves them; else they left on that date: all of them, or
    those named in `people` (record ids)."""

    exited_on: str | None = None
    people: Collection[str] | None = None


def commit_roster(
    session: Session, seals: Seals, viewer: Viewer, roster_id: str, decision: Decision, now_ms: int
) -> Roster:
    """Write what is new and changed, and who left. A roster that is committed already stays as it is.

    The roster is compared once more under the site's lock: what tablets changed since the preview is not written
    over by what was true before. Raises Problem 404, 403, 409 (not read yet) or 422 (a date that cannot be).
    """
    roster = own_roster(session, viewer, roster_id)
    if roster.state == "committed":
        return roster
    if roster.state != "preview":
        raise Problem(
            409, "roster_not_judged", "这份名册还不能提交", "请先等待读完, 并确认各列。", state=roster.state
        )
    _check_date(decision, now_ms)
    result = read_result(seals, roster)
    lock_scope(session, roster.site_id)
    stored = stored_people(session, seals, roster.site_id, roster.company)
    rows = [_row(result, judged) for judged in result.rows]
    done = compare(rows, stored, seen_since(session, roster.site_id, exits(rows, stored)))
    drafts = [*_from_rows(rows, done, stored), *_from_absent(done, result, decision)]
    if drafts:
        outcomes = write_entries(session, seals, viewer.id, roster.site_id, drafts, now_ms)
        roster.told = {**roster.told, "outcomes": dict(Counter(told["outcome"] for told in outcomes))}
    roster.counts = {**roster.counts, **_written(drafts)}
    roster.state, roster.committed_ms, roster.committed_by = "committed", now_ms, viewer.id
    return roster


def _written(drafts: list[Draft]) -> dict[str, int]:
    left = sum(draft.act == "edit" and list(draft.body) == ["exited_on"] for draft in drafts)
    acts = Counter(draft.act for draft in drafts)
    return {"added": acts["add"], "edited": acts["edit"] - left, "exited": left}


def _check_date(decision: Decision, now_ms: int) -> None:
    if decision.exited_on is not None and decision.exited_on > local_date_of(now_ms):
        message = "退场日期不能晚于今天。"
        raise Problem(422, "invalid_input", "输入有误", message, errors={"/exited_on": [message]})


def _row(result: Result, judged: JudgedRow) -> Row:
    found = [Found(*one) for one in judged.found if one[0] not in FOUND_BY_COMPARISON]
    return Row(result.sheets[judged.sheet].name, judged.number, [], judged.fields, found)


def _from_rows(rows: list[Row], done: Comparison, stored: dict[Certificate, Stored]) -> Iterator[Draft]:
    for row, verdict, changes in zip(rows, done.verdicts, done.changes, strict=True):
        if verdict == "new":
            yield Draft("worker", "add", str(uuid7()), row.fields)
        elif verdict == "changed":
            known = stored[_certificate(row)]
            yield Draft("worker", "edit", known.id, changes, known.rev)


def _from_absent(done: Comparison, result: Result, decision: Decision) -> Iterator[Draft]:
    """Those who were absent in the preview that a person looked at, and still are."""
    if decision.exited_on is None:
        return
    asked_about = {key for key, _ in result.absent}
    for person in done.absent:
        chosen = decision.people is None or person.id in decision.people
        if person.id in asked_about and chosen:
            left: dict[str, Any] = {"exited_on": max(decision.exited_on, person.fields["entered_on"])}
            yield Draft("worker", "edit", person.id, left, person.rev)


def _certificate(row: Row) -> Certificate:
    assert row.certificate is not None, "only who has a number is compared"
    return row.certificate
