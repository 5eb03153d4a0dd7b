"""Figures of a roster: reading and validating next to the bare reader, a commit next to plain batched insertion."""

from __future__ import annotations

import io
import json
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import python_calamine as calamine
import sqlalchemy as sa
import xlsxwriter
from flask import Flask

from schemas.certificates import company_check_character, person_check_character
from server.actions.accounts.manage_users import NewUser, add_user
from server.actions.reference.load_reference import tx_of
from server.actions.rosters.commit_roster import Decision
from server.actions.rosters.keep_validated import keep_validated
from server.actions.rosters.upload_roster import take_in_roster
from server.actions.rosters.validate_roster import (
    Grounds,
    Validated,
    grounds_of,
    validate_file,
)
from server.actions.sites.register_site import NewSite, register_site
from server.base.db import read, write
from server.base.runtime import Runtime
from server.bench.figure import Figure, floor_s
from server.files.read_workbook import read_workbook
from server.models import LogEntry, Record, Roster, Worker
from server.models.access import Viewer, viewer_of
from server.workflows.read_rosters import commit_preview, continue_committing

PEOPLE = 10_000
ROUNDS, READINGS = 5, 5  # rosters; readings of each
COMPANY = "91410700MA4BENCH0"
TITLES = ("姓名", "身份证号码", "班组", "工种", "手机号", "进场日期")


def measure_rosters(app: Flask) -> Iterator[Figure]:
    """The figures of rosters of PEOPLE new workers, each for a new site, on the database of this app's context."""
    runtime: Runtime = app.extensions["gongdi"]
    data, bare, whole, commits, floors = people_file(PEOPLE), [], [], [], []
    for number in range(ROUNDS):
        now_ms = runtime.clock.now_ms()
        site_id, viewer = set_up_contractor(runtime, now_ms, number)
        with write() as session:
            roster = take_in_roster(
                tx_of(session, runtime.seals, now_ms), viewer, site_id, "bench.xlsx", data
            )
        with read() as session:
            grounds = grounds_of(session, roster, {}, now_ms)
        for _ in range(READINGS):
            bare.append(_time_s(partial(_read_bare, data)))
            whole.append(_time_s(partial(_validated, data, grounds)))
        validated = _validated(data, grounds)
        with write() as session:
            keep_validated(
                session, runtime.seals, session.get_one(Roster, roster.id), validated, grounds, now_ms
            )
        del validated  # the commit does not have it
        began_s = time.perf_counter()
        commit_preview(runtime.seals, viewer, roster.id, Decision(), now_ms)
        continue_committing(runtime.seals, roster.id, now_ms)
        commits.append(time.perf_counter() - began_s)
        floors.append(_floor(site_id))
    bare_s, whole_s, commit_s, floor = map(statistics.median, (bare, whole, commits, floors))
    yield Figure(f"{PEOPLE:,} rows read and validated", f"{whole_s / bare_s:.1f} × the bare reader", "≤ 3 ×")
    yield Figure("  whole / bare", f"{whole_s * 1000:.0f} / {bare_s * 1000:.0f} ms")
    yield Figure(f"commit of {PEOPLE:,} new workers", f"{floor / commit_s:.0%} of the floor", "≥ 30 %")
    yield Figure("  commit / floor", f"{commit_s:.2f} / {floor:.2f} s")


def _time_s(work: Callable[[], object]) -> float:
    """Seconds that some work takes; its result is freed after that."""
    began_s = time.perf_counter()
    given = work()
    took_s = time.perf_counter() - began_s
    del given
    return took_s


def _read_bare(data: bytes) -> list[list[Any]]:
    sheet = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
    return sheet.to_python(skip_empty_area=False)


def _validated(data: bytes, grounds: Grounds) -> Validated:
    return validate_file(read_workbook(data), grounds, lambda _done, _rows: None)


def _floor(site_id: str) -> float:
    """The rows that the commit wrote, inserted plainly."""
    copies = []
    with read() as session:
        for model in (LogEntry, Record, Worker):
            table = model.__table__
            rows = session.execute(sa.select(table).where(table.c.scope_id == site_id))
            copies.append((table, [tuple(map(_plain, row)) for row in rows]))
    return floor_s(copies)  # type: ignore[arg-type]


def _plain(value: Any) -> Any:
    """A value as it is inserted without the ORM: JSON as text."""
    return json.dumps(value, separators=(",", ":")) if isinstance(value, dict | list) else value


def set_up_contractor(runtime: Runtime, now_ms: int, number: int) -> tuple[str, Viewer]:
    """A new site with one company, and a contractor of it."""
    code = COMPANY + company_check_character(COMPANY)
    with write() as session:
        fields: dict[str, Any] = {
            "kind": "construction",
            "district": "410702",
            "unit": "zhian",
            "stage": "building",
        }
        site = register_site(
            session,
            runtime.seals,
            now_ms,
            NewSite(
                name="roster",
                inhabited=False,
                places=[],
                companies=[(code, "甲建筑", "009")],
                **fields,
            ),
        )
        user = add_user(
            session, NewUser(f"roster{number}", "contractor", "bench bench bench", company=code), now_ms
        )
        return site.id, viewer_of(session, user)


def people_file(people: int) -> bytes:
    """A sound roster of so many, every number different."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, TITLES)
        for number in range(people):
            body = f"410702{1960 + number % 40}{1 + number // 40 % 12:02}{1 + number // 480 % 28:02}{number % 997:03}"
            certificate = body + person_check_character(body)
            row = (
                _name(number),
                certificate,
                f"钢筋{number % 30}班",
                "钢筋工",
                f"138{number:08}",
                "2021-12-01",
            )
            for column, cell in enumerate(row):
                sheet.write_string(number + 1, column, cell)
    return buffer.getvalue()


def _name(number: int) -> str:
    """A rare name: each of three characters by two digits."""
    return "".join(chr(0x4E00 + number // 100**place % 100) for place in range(3))
