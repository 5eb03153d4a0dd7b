"""A duty, a kind of site or place, or a unit is added or changed on a page; a second administrator lets it take effect."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa

from server.actions.reference.load_reference import rules_in_force
from server.base.db import read
from server.models import AuditEvent, Proposal
from server.rules.calendar import DAY_MS
from tests.server.office import Office, refusal_of

SAID = {"source": "局办公室 2026-11-23 通知", "mark": "P", "reason": "增加机关办公场所"}
OF_OFFICE = {
    **{"code": "office", "name": "机关办公室", "unit": "zhian", "rests": "official", "from": "2026-11-23"},
    **{"worker_optional": ["company", "team", "trade", "role"], "worker_required": ["phone"]},
}


def proposed(office: Office, page: str, **fields: Any) -> str:
    answer = office.seat("admin").send(page, **{**SAID, **fields})
    assert answer.status_code == 303, answer.text
    with office.app.app_context(), read() as session:
        return session.scalars(sa.select(Proposal.id).order_by(Proposal.id.desc())).first() or ""


def approve(office: Office, proposal: str) -> str:
    """Approved by the deputy; gives what the proposal's page said before."""
    seat, page = office.seat("deputy"), f"proposals/{proposal}"
    shown = seat.get(page)
    assert seat.send(page, f"{page}/decide", verdict="approve").status_code == 303
    return shown


def rows(office: Office, noun: str, code: str) -> list[dict[str, Any]]:
    with office.app.app_context(), read() as session:
        found = [dict(row) for row in rules_in_force(session).rows[noun] if row["code"] == code]
    return sorted(found, key=lambda row: str(row["from"]))


def test_a_new_kind_of_site_holds_from_today_once_a_second_person_has_approved_it(office: Office) -> None:
    proposal = proposed(office, "admin/rows/site_kinds/new", **OF_OFFICE)
    assert rows(office, "site_kinds", "office") == []
    shown = approve(office, proposal)
    for part in ("机关办公室", "所属企业、班组、工种、人员类别", "手机号", SAID["source"]):
        assert part in shown
    (row,) = rows(office, "site_kinds", "office")
    assert (row["from"], row["worker_required"]) == ("2026-11-23", ["phone"])
    with office.app.app_context(), read() as session:
        asked = rules_in_force(session).asks_of_person("office", "2026-11-23")
        deeds = session.scalars(sa.select(AuditEvent.what).order_by(AuditEvent.id)).all()
    assert asked == {"phone"}
    assert [what for what in deeds if what != "logged_in"] == ["proposed", "row_changed", "approved"]
    assert "机关办公室" in office.seat("admin").get("admin/rows")


def test_a_duty_is_changed_from_tomorrow_on_and_says_what_it_said_where_nothing_was_typed(
    office: Office,
) -> None:
    (before,) = rows(office, "duties", "DISINFECT")
    page = office.seat("admin").get("admin/rows/duties/DISINFECT")
    chosen = re.findall(r'name="places" value="(\w+)" checked', page)
    assert sorted(chosen) == sorted(before["places"])
    changed = {"severity": "severe", "from": "2026-11-24", "places": [*chosen, "gate"]}
    approve(office, proposed(office, "admin/rows/duties/DISINFECT", **{**kept(page), **changed}))
    old, new = rows(office, "duties", "DISINFECT")
    assert (old["to"], new["from"], new["severity"]) == ("2026-11-24", "2026-11-24", "severe")
    same = {"code", "name", "evidence", "judging", "site_kinds", "stages", "about", "cadence"}
    assert {name: new[name] for name in same} == {name: old[name] for name in same}
    assert set(new["places"]) - set(old["places"]) == {"gate"} - set(old["places"])


def kept(page: str) -> dict[str, Any]:
    """What the form says as the page shows it."""
    found: dict[str, Any] = dict(
        re.findall(r'<input id="(\w+)" name="\w+" type="(?:text)" value="([^"]*)"', page)
    )
    for name, options in re.findall(r'<select id="(\w+)".*?>(.*?)</select>', page, re.S):
        selected = re.search(r'value="([^"]*)" selected', options)
        found[name] = selected[1] if selected else ""
    for name, value in re.findall(r'type="checkbox" name="(\w+)" value="([^"]*)" checked', page):
        found.setdefault(name, []).append(value)
    return {**found, **SAID}


@pytest.mark.parametrize(
    "changed",
    [
        {"source": ""},
        {"unit": "nobody"},
        {"code": "1 office"},
        {"code": ""},
        {"name": ""},
        {"from": "2026-13-01"},
        {"to": "2026-01-01"},
        {"worker_optional": ["name"]},
        {"mark": "X"},
        {"rests": "sometimes"},
        {"reason": "改"},
    ],
    ids=lambda changed: f"{next(iter(changed))}={next(iter(changed.values()))}",
)
def test_what_cannot_be_is_refused_with_what_was_typed(office: Office, changed: dict[str, Any]) -> None:
    fields = {**SAID, **OF_OFFICE, **changed}
    answer = office.seat("admin").send("admin/rows/site_kinds/new", **fields)
    assert answer.status_code == 422 and refusal_of(answer), answer.text
    assert str(fields["code"]) in answer.text and "phone" in answer.text


def test_nothing_that_has_begun_is_rewritten(office: Office) -> None:
    today = {"name": "工地", "unit": "zhian", "rests": "never", "from": "2026-11-23"}
    answer = office.seat("admin").send("admin/rows/site_kinds/construction", **SAID, **today)
    assert (answer.status_code, refusal_of(answer)) == (422, "reference_invalid")


def test_a_new_row_that_waited_over_midnight_begins_when_it_is_approved(office: Office) -> None:
    proposal = proposed(
        office, "admin/rows/place_kinds/new", code="pond", name="池塘", **{"from": "2026-11-23"}
    )
    office.cast.clock.advance(DAY_MS)
    approve(office, proposal)
    assert [row["from"] for row in rows(office, "place_kinds", "pond")] == ["2026-11-24"]


def test_what_is_not_there_is_not_found(office: Office) -> None:
    seat = office.seat("admin")
    for page in ("admin/rows/rules/new", "admin/rows/duties/NOTHING", "admin/rows/nothing/new"):
        seat.get(page, 404)
    office.seat("brigade").get("admin/rows", 404)
