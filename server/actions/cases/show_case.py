"""One case for those who judge it: its course with each clock, its records, whom to ask next; and its end after a
release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from schemas.forms.kind import FormKind
from server.actions.cases.contacts import ShownContact, contacts_of
from server.actions.cases.list_cases import person_of
from server.actions.cases.read_courses import CaseCourse, read_courses
from server.actions.devices.refresh_watermark import reporting_of
from server.actions.reference.report_lines import ReportLine, report_lines
from server.actions.sync.write_server_entries import Draft, write_server_entries
from server.base.clock import from_iso
from server.base.problems import Problem, not_found
from server.models.access import Viewer, sees_cases, visible_sites
from server.models.media import promised_media
from server.models.record import CaseFile, Record, Worker
from server.models.site import Site
from server.models.tx import Tx
from server.rules.case_steps import CONTACT, RELEASE, Said, Verdict, release_faults
from server.rules.cases import CASE_KIND
from server.rules.duties.matching import Fact
from server.rules.duties.modes import PARENT
from server.rules.flags.words import moment
from sync_protocol.outcomes import EFFECTIVE

RELEASE_FAULTS = {
    "too_early": "早于告知的隔离期满日期",
    "not_negative": "末次核酸检测没有阴性结果",
    "confirmed": "已确诊, 由医院决定, 这里不能解除",
}
_NO_FACT = Fact("", 0, 0)
_OPEN = ("waiting", "warned", "overdue", "review")


@dataclass(frozen=True, slots=True)
class ShownRecord:
    """One record of the case: its kind, when it was done, what it says and its photos."""

    id: str
    kind: str
    at_ms: int
    body: Mapping[str, Any]
    media: Sequence[Mapping[str, Any]]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CasePage:
    """A case. `verdicts`: its clocks, the earliest first; `next_due`: the first that is not met; `lines`: whom to report
    to."""

    site: Site
    case: CaseFile
    person: str
    state: Mapping[str, Any]
    verdicts: Sequence[Verdict]
    next_due: Verdict | None
    records: Sequence[ShownRecord]
    contacts: Sequence[ShownContact]
    lines: Sequence[ReportLine]
    may_close: bool


def show_case(tx: Tx, viewer: Viewer, site_id: str, case_id: str) -> CasePage:
    """Raises Problem 404 for a case that is absent or not this viewer's."""
    site, one = case_of(tx, viewer, site_id, case_id)
    reports = reporting_of(tx.session, [site_id], tx.book, tx.now_ms)[site_id]
    verdicts = one.judged(reports)
    due = [verdict for verdict in verdicts if verdict.state in _OPEN and verdict.fit != "late"]
    return CasePage(
        site=site,
        case=one.case,
        person=person_of(tx.seals, tx.session.get(Worker, (site_id, one.case.worker_id))),
        state=one.state,
        verdicts=verdicts,
        next_due=due[0] if due else None,
        records=_records(tx, one),
        contacts=contacts_of(tx, one),
        lines=report_lines(tx.book, site.district, site.id, tx.now_ms),
        may_close=viewer.judges and not one.case.ended and _fit_release(one) is not None,
    )


def case_of(tx: Tx, viewer: Viewer, site_id: str, case_id: str) -> tuple[Site, CaseCourse]:
    """A case with its site. Raises Problem 404 for one that is absent, void or not this viewer's."""
    site = tx.session.scalar(sa.select(Site).where(Site.id == site_id, visible_sites(viewer)))
    case = tx.session.get(CaseFile, (site_id, case_id))
    record = tx.session.get(Record, (site_id, case_id))
    if site is None or case is None or record is None or not record.counts or not sees_cases(viewer):
        raise not_found()
    (one,) = read_courses(tx, site_id, [case])
    return site, one


def close_case(tx: Tx, viewer: Viewer, site_id: str, case_id: str) -> None:
    """End a case by the release that is on record. Raises Problem 409 without one, 403 for those who don't judge."""
    _, one = case_of(tx, viewer, site_id, case_id)
    release = _fit_release(one)
    if not viewer.judges:
        raise Problem("forbidden", "只有主管科室或监察支队可以结案。")
    if one.case.ended or release is None:
        raise Problem("illegal_move", "没有符合要求的解除隔离记录, 不能结案。")
    record = tx.session.get_one(Record, (site_id, case_id))
    said = f"{release.body['released_on']} 解除隔离 ({release.body['decided_by']})"
    body = {"outcome": "cleared", "evidence": said}
    draft = Draft(CASE_KIND, "edit", case_id, body, base=record.rev)
    (outcome,) = write_server_entries(tx.session, tx.seals, viewer.id, site_id, [draft], tx.now_ms)
    if outcome["outcome"] not in EFFECTIVE:
        raise Problem("illegal_move", "个案刚刚被人改过, 请刷新页面后再试。")


def check_release(tx: Tx, viewer: Viewer, site_id: str, body: Mapping[str, Any]) -> None:
    """Raises Problem 422 for a release that may not be: too early, or without a last negative test."""
    if not body.get("case"):
        return  # the form itself asks for it
    _, one = case_of(tx, viewer, site_id, str(body["case"]))
    faults = release_faults_of(one, body)
    if faults:
        words = "; ".join(RELEASE_FAULTS[fault] for fault in faults)
        raise Problem("invalid_input", f"现在不能解除: {words}。")


def release_faults_of(one: CaseCourse, body: Mapping[str, Any]) -> tuple[str, ...]:
    """What is wrong with a release that somebody is about to write."""
    if not body.get("released_on"):
        return ()  # the form itself asks for it
    return release_faults(one.course, Said(RELEASE, _NO_FACT, {"last_test_negative": "", **body}))


def _fit_release(one: CaseCourse) -> Said | None:
    return next((each for each in one.course.of(RELEASE) if not release_faults(one.course, each)), None)


def _records(tx: Tx, one: CaseCourse) -> list[ShownRecord]:
    """Decisions about contacts are shown with those."""
    shown = (each for each in one.course.said if not each.fact.kept and each.kind != CONTACT)
    said = sorted(shown, key=lambda each: (each.at_ms, each.fact.id))
    media = promised_media(tx.session, one.case.scope_id, [each.fact.id for each in said])
    return [
        ShownRecord(
            each.fact.id,
            each.kind,
            each.at_ms,
            _shown(tx, each),
            media.get(each.fact.id, ()),
            release_faults(one.course, each) if each.kind == RELEASE else (),
        )
        for each in said
    ]


def _shown(tx: Tx, said: Said) -> dict[str, Any]:
    """What a record says by the fields of its form, in their order; instants as people read them."""
    kind = tx.book.kinds.get(said.kind)
    items = kind.form.fields if isinstance(kind, FormKind) else ()
    found = {}
    for item in items:
        value = said.body.get(item.name)
        if value is not None and item.type not in ("image", "file") and item.role != PARENT:
            found[item.name] = moment(from_iso(value)) if item.type == "dateTime" else value
    return found
