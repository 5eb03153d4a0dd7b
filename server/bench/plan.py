"""Figures of a whole plan: 1,000 sites of all kinds of a pack are planned for two days, stand idle, and are shown on the
page of the plan."""

from __future__ import annotations

import itertools
import re
import statistics
import time
from collections.abc import Callable, Iterator

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from server.actions.accounts.manage_users import NewUser, add_user
from server.actions.packs.load_pack import load_pack
from server.actions.reference.load_reference import load_reference, rules_in_force, tx_of
from server.actions.sites.register_site import NewSite, register_site
from server.base.db import is_postgresql, read, write
from server.base.runtime import Runtime
from server.bench.figure import Figure, floor_s
from server.bench.rig import HOST, Cpu, CpuClock
from server.files.pack_files import read_pack
from server.models import Record, Window
from server.rules.calendar import DAY_MS
from server.rules.rulebook import Rulebook
from server.workflows.scheduler import PARTS, Tick, resume_and_tick, tick

SITES, PACK = 1_000, "notice_2021"
_DISTRICTS = ("410702", "410703", "410704", "410711")
_PAGES = (("page of the plan", "/console/plan", "≤ 0.5 s"), ("leading group", "/console/leading-group", ""))
_PASSWORD = "bench-of-a-whole-plan"
_ROUNDS = 7


def measure_plan(app: Flask, sites: int = SITES) -> Iterator[Figure]:
    """Planning of all sites, an idle tick and the pages."""
    runtime: Runtime = app.extensions["gongdi"]
    book = _set_up(runtime, sites)
    kinds = {kind for rule in book.duties for kind in rule.site_kinds}
    duties = {rule.code for rule in book.duties}
    yield Figure("city", f"{sites:,} sites of {len(kinds)} kinds, {len(duties)} duties")
    cpu, now_ms = CpuClock(), runtime.clock.now_ms()
    took_s, spent = _timed(cpu, lambda: PARTS["windows"](Tick(runtime, now_ms, book)))
    windows, floor = _floor()
    said = f"{_spent(took_s, spent)}, {windows:,} windows, floor ÷ whole {floor / took_s:.2f}"
    yield Figure("48 h planned at once", said, "≤ 20 s")
    yield Figure("the rest of this tick", _spent(*_timed(cpu, lambda: tick(app, now_ms))))
    yield Figure("idle tick", _idle(app, cpu, now_ms), "≤ 5 ms")
    yield Figure(
        "one more day planned, the first judged", _spent(*_timed(cpu, lambda: tick(app, now_ms + DAY_MS)))
    )
    yield Figure("idle tick", _idle(app, cpu, now_ms + DAY_MS), "≤ 5 ms")
    clerk = logged_in_clerk(app)
    for title, path, goal in _PAGES:
        yield Figure(title, median_of(cpu, lambda path=path: open_page(clerk, path)), goal)  # type: ignore[misc]
    cpu.close()


def _set_up(runtime: Runtime, sites: int) -> Rulebook:
    """So many sites of all kinds of the pack and of those that come with the server, each with one place of each kind of
    place that a duty asks of it."""
    seals, now_ms = runtime.seals, runtime.clock.now_ms()
    with write() as session:
        load_reference(session, seals, now_ms)
        load_pack(tx_of(session, seals, now_ms), read_pack(PACK))
        add_clerk(session, now_ms)
    with write() as session:
        book = rules_in_force(session)
        rows = book.rows["site_kinds"]
        asked = {
            row["code"]: sorted(
                {place for rule in book.duties if row["code"] in rule.site_kinds for place in rule.places}
            )
            for row in rows
        }
        for number in range(sites):
            row = rows[number % len(rows)]
            new = NewSite(
                name=f"{row['name']} {number}",
                kind=row["code"],
                district=_DISTRICTS[number % len(_DISTRICTS)],
                unit=row["unit"],
                stage="building",
                inhabited=False,
                places=[{"kind": kind, "name": f"{kind} 1"} for kind in asked[row["code"]]],
            )
            register_site(session, seals, now_ms, new)
        if is_postgresql(session):
            session.execute(sa.text("ANALYZE"))  # as the server itself does within a minute
    return book


def _floor() -> tuple[int, float]:
    """How many windows there are, and the seconds that the database takes for their rows and records alone."""
    copies = []
    with read() as session:
        for model in (Window, Record):
            table: sa.Table = model.__table__  # type: ignore[assignment]
            copies.append((table, [tuple(row) for row in session.execute(sa.select(table))]))
    return len(copies[0][1]), floor_s(copies)


def add_clerk(session: Session, now_ms: int) -> None:
    """Somebody of the section that most sites belong to."""
    add_user(session, NewUser("bench-clerk", "section", _PASSWORD, unit="zhian"), now_ms)


def logged_in_clerk(app: Flask) -> FlaskClient:
    """The clerk, logged in at the console."""
    client = app.test_client()
    page = client.get("/console/login", base_url=HOST).text
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert token is not None
    form = {"name": "bench-clerk", "password": _PASSWORD, "form_token": token[1]}
    assert client.post("/console/login", data=form, base_url=HOST).status_code == 303
    return client


def open_page(client: FlaskClient, path: str) -> None:
    """Read a page of the console as a browser does, without what it loads besides."""
    answer = client.get(path, base_url=HOST)
    assert answer.status_code == 200, (path, answer.status_code)


def _idle(app: Flask, cpu: CpuClock, at_ms: int) -> str:
    """Of ticks one after the other, each at a time of its own."""
    times = itertools.count(at_ms)
    return median_of(cpu, lambda: resume_and_tick(app, next(times)))


def median_of(cpu: CpuClock, act: Callable[[], object]) -> str:
    """What `act` takes in the middle of some rounds, by the clock and of the processors."""
    act()  # what is kept of the first time is there for all others
    timed = [_timed(cpu, act) for _ in range(_ROUNDS)]
    took_ms = statistics.median(took_s for took_s, _ in timed) * 1000
    return f"{took_ms:.1f} ms, CPU {statistics.median(spent.whole_s for _, spent in timed) * 1000:.1f} ms"


def _timed(cpu: CpuClock, act: Callable[[], object]) -> tuple[float, Cpu]:
    before, began_s = cpu.read(), time.perf_counter()
    act()
    return time.perf_counter() - began_s, cpu.read() - before


def _spent(took_s: float, spent: Cpu) -> str:
    return f"{took_s:.2f} s, CPU {spent.whole_s:.2f} s"
