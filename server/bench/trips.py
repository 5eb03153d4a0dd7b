"""How long it takes to hold everybody's trips of the last days against a list of areas at risk that has changed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from flask import Flask
from uuid_utils.compat import uuid7

from schemas.forms.tables import tables_from_json
from server.actions.cases.screen_trips import screen_trips
from server.actions.forms.publish_form import publish_form
from server.actions.reference.edit_rows import NewRow, edit_rows
from server.actions.reference.load_reference import SEED_DATA, tx_of
from server.base.db import write
from server.bench.figure import Figure
from server.bench.rig import BATCH, Rig
from server.models.travel import ask_screening
from server.rules.calendar import DAY_MS, add_days, local_date_of

PEOPLE, TRIPS, AREAS = 10_000, 30, 200
_LOOK_BACK_DAYS = 14  # all trips are younger
_FORM = SEED_DATA / "packs" / "notice_2021" / "forms" / "trip.json"
_FIRST_AREA = 500_000  # a code beyond those of all trips


class _Travellers(Rig):
    """A device that writes down who was where."""

    def _body(self, number: int) -> tuple[str, dict[str, Any]]:
        day = local_date_of(self.runtime.clock.now_ms())
        arrived = add_days(day, -(number % 10))
        where = {"area": str(410_100 + number % 800), "arrived": arrived, "left": add_days(arrived, 1)}
        worker = self.workers[number % len(self.workers)]
        return "trip", {"worker": worker, **where, "transport": "train", "contact": "no"}


def measure_trips(app: Flask, people: int = PEOPLE, trips: int = TRIPS) -> Iterator[Figure]:
    """So many trips of so many people, at one site; then the list gets areas, and all are looked through once."""
    rig = _Travellers(app, "travellers", form=1)
    rig.set_up()
    tables = json.loads(_FORM.read_text("utf-8"))
    tables["gongdi"][0]["site_kinds"] = "construction"
    del tables["duties"]
    with write() as session:
        publish_form(tx_of(session, rig.runtime.seals, rig.runtime.clock.now_ms()), tables_from_json(tables))
    names = [str(uuid7()) for _ in range(people)]
    for start in range(0, people * trips, BATCH):
        rig.workers = [names[(start + i) % people] for i in range(BATCH)]
        rig.push()
    now_ms = rig.runtime.clock.now_ms()
    dates = {"since": None, "mark": "F", "source": "bench", "from": local_date_of(now_ms), "to": None}
    rows = [
        NewRow("risk_areas", {"code": str(_FIRST_AREA + i), "name": f"{i}", "level": "high", **dates})
        for i in range(AREAS)
    ]
    with write() as session:
        edit_rows(tx_of(session, rig.runtime.seals, now_ms), rows)
    with write() as session:
        ask_screening(session, None, now_ms - _LOOK_BACK_DAYS * DAY_MS)
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        screen_trips(tx_of(session, rig.runtime.seals, now_ms))
        took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    title = f"{people:,} people's {trips} trips held against {AREAS} areas"
    yield Figure(title, f"{took_s:.2f} s, {cpu_s:.2f} s CPU", "≤ 5 s")
