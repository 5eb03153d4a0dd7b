"""A roster is its own company's: others learn nothing, full numbers need a reason, and what has served is deleted."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import sqlalchemy as sa

from server.base.db import read
from server.base.seal import is_sealed
from server.models import Disclosure, LogEntry, LogSegment, Roster
from server.workflows.scheduler import tick
from tests.server.cast import COMPANY_B, Caller, Cast
from tests.server.rosters.people import TITLES, person
from tests.stories.rosters.uploads import (
    commit,
    counts,
    entries,
    people_file,
    preview,
    rows,
    upload,
    xlsx,
)


def test_a_competitor_sees_nothing_of_it_at_any_endpoint(desk: Cast, contractor: Caller) -> None:
    roster = preview(contractor, desk.site_a, people_file(person(1)))
    commit(contractor, roster)
    competitor = desk.client("competitor")
    key, site = roster["id"], desk.site_a
    assert upload(competitor, site, people_file(person(2))).status_code == 404
    for path in (
        f"rosters/{key}",
        f"rosters/{key}/rows",
        f"rosters/{key}/problems.xlsx",
        f"sites/{site}/rosters",
    ):
        assert competitor.get(f"/api/v1/{path}").status_code == 404
    assert competitor.get(f"/api/v1/sites/{site}/roster.xlsx").status_code == 404
    assert competitor.post(f"/api/v1/rosters/{key}/commit", json={}).status_code == 404
    mapping = {"columns": [{"sheet": 0, "column": 0, "field": "name"}]}
    assert competitor.post(f"/api/v1/rosters/{key}/columns", json=mapping).status_code == 404


def test_somebody_who_is_elsewhere_too_is_let_in_with_a_warning_that_does_not_say_where(
    desk: Cast, contractor: Caller
) -> None:
    commit(desk.client("competitor"), preview(desk.client("competitor"), desk.site_b, people_file(person(1))))
    roster = preview(contractor, desk.site_a, people_file(person(1)))
    (row,) = rows(contractor, roster, "new")
    assert [problem["code"] for problem in row["problems"]] == ["active_elsewhere"]
    commit(contractor, roster)
    (row,) = rows(contractor, preview(contractor, desk.site_a, people_file(person(1))), "same")
    assert [problem["code"] for problem in row["problems"]] == ["active_elsewhere"]
    assert "凤泉新城" not in str(row) and COMPANY_B not in str(row)


def test_a_row_of_another_company_is_rejected(desk: Cast, contractor: Caller) -> None:
    titles = [*TITLES, "所属单位"]
    mine, theirs = [*person(1).cells(), "甲建筑"], [*person(2).cells(), "乙建筑"]
    roster = preview(contractor, desk.site_a, xlsx([mine, theirs], titles))
    assert counts(roster)[:4] == (1, 0, 0, 1)


def test_only_those_who_judge_sites_get_full_numbers_and_each_look_is_written_down(
    desk: Cast, contractor: Caller
) -> None:
    commit(contractor, preview(contractor, desk.site_a, people_file(person(1))))
    number, path = person(1).certificate_number, f"/api/v1/sites/{desk.site_a}/roster.xlsx"

    def cells(data: bytes) -> list[Any]:
        return [
            cell.value for row in openpyxl.load_workbook(io.BytesIO(data)).active.iter_rows() for cell in row
        ]

    masked = cells(contractor.get(path).data)
    assert number not in masked and f"{number[:3]}***********{number[-4:]}" in masked
    assert contractor.post(path, json={"reason": "想看看"}).status_code == 422
    assert contractor.post(path, json={"reason": "核对工伤保险"}).status_code == 403
    section = desk.client("section")
    assert number in cells(section.post(path, json={"reason": "核对工伤保险"}).data)
    assert desk.client("admin").get(path).status_code == 404
    with desk.app.app_context(), read() as session:
        (disclosure,) = session.scalars(sa.select(Disclosure))
        assert (disclosure.user_id, disclosure.people, disclosure.reason) == (
            desk.users["section"],
            1,
            "核对工伤保险",
        )


def test_the_file_is_forgotten_when_it_has_served_and_the_people_stay(desk: Cast, contractor: Caller) -> None:
    roster = preview(contractor, desk.site_a, people_file(person(1)))
    commit(contractor, roster)
    tick(desk.app, desk.clock.now_ms() + 91 * 86_400_000)
    with desk.app.app_context(), read() as session:
        row = session.get_one(Roster, roster["id"])
        assert (row.file, row.result) == (None, None)
    assert entries(desk) == 1


def test_no_identity_is_in_the_clear_in_the_database(desk: Cast, contractor: Caller) -> None:
    roster = preview(contractor, desk.site_a, people_file(person(1)))
    commit(contractor, roster)
    with desk.app.app_context(), read() as session:
        row = session.get_one(Roster, roster["id"])
        kept = b"".join(
            (row.file or b"", row.result or b"", str(row.counts).encode(), str(row.details).encode())
        )
        assert is_sealed(row.file or b"") and is_sealed(row.result or b"")  # they are packed as well
        kept += b"".join(session.scalars(sa.select(LogEntry.raw)))
        kept += b"".join(session.scalars(sa.select(LogSegment.lines)))
    assert person(1).certificate_number.encode() not in kept
    assert person(1).name.encode() not in kept
