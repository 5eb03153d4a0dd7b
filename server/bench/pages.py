"""Figures of the console's pages in a city: 1,000 sites, 500 open flags, and as many records as are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import sqlalchemy as sa
from flask import Flask

from server.actions.duties.judge_windows import judge_due
from server.actions.reference.load_reference import tx_of
from server.base.db import bulk_insert, is_postgresql, read, write
from server.bench.figure import Figure
from server.bench.plan import add_clerk, logged_in_clerk, median_of, open_page
from server.bench.rig import CpuClock, Rig, new_site
from server.bench.ticks import plan_to_miss
from server.models import Flag, Record

SITES, FLAGS = 1_000, 500
_REAL = 2_000  # records of one site that came as a tablet's do, and whose pages are opened
_GOAL = "≤ 300 ms"
_COLUMNS = (
    "scope_id",
    "id",
    "kind",
    "rev",
    "seq",
    "body",
    "event_ms",
    "subject",
    "slot",
    "counts",
    "backfilled",
)
_APART_MS = 40_000  # between two records of a site


def measure_pages(app: Flask, records: int) -> Iterator[Figure]:
    """What each page that people of the office begin with takes."""
    rig = Rig(app, is_busy=True)
    rig.set_up()
    for _ in range(_REAL // 500):
        rig.push()
    sites = _more_sites(rig)
    flag = _flags(rig)
    _store(rig, sites, records)
    clerk, cpu = logged_in_clerk(app), CpuClock()
    yield Figure("city", f"{SITES:,} sites, {FLAGS} flags, {records:,} records")
    for title, path in (
        ("today", "/console/today"),
        ("flags", "/console/flags"),
        ("one flag", f"/console/flags/{flag}"),
        ("overview", "/console/overview"),
        ("figures", "/console/figures"),
        ("sites", "/console/sites"),
        ("one site", f"/console/sites/{rig.site}"),
        ("records of a kind", f"/console/sites/{rig.site}/records/disinfection_log"),
        ("plan", "/console/plan"),
        ("leading group", "/console/leading-group"),
        ("calendar", "/console/calendar"),
        ("notices", "/console/notices"),
    ):
        yield Figure(title, median_of(cpu, lambda path=path: open_page(clerk, path)), _GOAL)  # type: ignore[misc]
    cpu.close()


def _more_sites(rig: Rig) -> list[str]:
    """The other sites; some have a window that nobody will have met in a minute."""
    runtime, made = rig.runtime, []
    now_ms = runtime.clock.now_ms()
    with write() as session:
        add_clerk(session, now_ms)
        for number in range(SITES - 1):
            site = new_site(session, runtime.seals, now_ms, f"city {number}")
            if number < FLAGS:
                plan_to_miss(session, runtime.seals, now_ms, site, 1)
            made.append(site.id)
    return made


def _flags(rig: Rig) -> str:
    """All of these windows missed, each with a flag; gives the id of one."""
    runtime = rig.runtime
    at_ms = runtime.clock.now_ms() + 60_000
    did = {"missed": 1}
    while did:
        with write() as session:
            did = judge_due(tx_of(session, runtime.seals, at_ms))
    with read() as session:
        ids = list(session.scalars(sa.select(Flag.id)))
    assert len(ids) == FLAGS, len(ids)
    return ids[0]


def _store(rig: Rig, sites: list[str], records: int) -> None:
    """Checks of the other sites, as rows alone: what they say is read by no page that is measured."""
    table: sa.Table = Record.__table__  # type: ignore[assignment]
    each, now_ms = max(0, records - _REAL) // len(sites), rig.runtime.clock.now_ms()
    for scope_id in sites:
        rows = [
            (
                scope_id,
                str(uuid4()),
                "temperature_check",
                1,
                1_000_000 + number,
                b"",
                at_ms,
                None,
                None,
                True,
                False,
            )
            for number in range(each)
            for at_ms in (now_ms - number * _APART_MS,)
        ]
        with write() as session:
            bulk_insert(session, table, _COLUMNS, rows)
    with write() as session:
        if is_postgresql(session):
            session.execute(sa.text("ANALYZE"))  # as the server itself does within a minute
