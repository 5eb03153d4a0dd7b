"""Who is turned away at the gate leaves a record that says why, and counts nowhere as present."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.actions.reference.load_reference import rules_in_force
from server.actions.sync.read_push import read_lines
from server.base.db import read
from sync_protocol.client.tablet import Tablet
from tests.server.cast import Cast
from tests.stories.field import WORKER, Field
from tests.stories.flags.cast import at, planned_field
from tests.stories.slots import windows

REFUSED = {"direction": "out", "method": "manual", "celsius": 37.8, "refused_for": "fever"}
VISITOR = {
    **{"direction": "in", "counting": "named", "name": "来访人", "phone": "13800001111"},
    **{"mask_worn": "yes", "health_code": "green"},
}
TRUCK = {"direction": "in", "plate": "豫G12345", "disinfected": "yes"}


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


def written(field: Field, tablet: Tablet, kind: str, body: dict[str, Any]) -> list[str]:
    """The pointers for which an entry is refused; none for one that is applied."""
    entry = tablet.add(field.scope, kind, body)
    assert tablet.sync().ok
    return next((list(one.errors) for one in tablet.refused() if one.id == entry), [])


def test_the_cause_is_kept_and_nobody_is_present_by_it(field: Field) -> None:
    tablet, other = field.tablet("first"), field.tablet("second")
    at(field, "06:10")
    worker = tablet.add(field.scope, "worker", WORKER)
    assert written(field, tablet, "gate_pass", {**REFUSED, "worker": worker}) == []
    at(field, "12:40")
    assert tablet.sync().ok and other.sync().ok
    (seen,) = other.list("gate_pass")
    assert seen.body["refused_for"] == "fever"
    at(field, "12:41")
    assert windows(field, "TEMP")["before_work"].need in (None, 0)


def test_nobody_is_turned_away_and_let_in_by_one_record(field: Field) -> None:
    tablet = field.tablet("first")
    worker = tablet.add(field.scope, "worker", WORKER)
    body = {**REFUSED, "worker": worker, "direction": "in"}
    assert written(field, tablet, "gate_pass", body) == ["/body/refused_for"]


@pytest.mark.parametrize(
    "note", ["拒绝进场", '拒绝\\"进场']
)  # read by the compiled reader, and by the strict one
def test_a_client_of_2026_1_knows_no_cause(field: Field, note: str) -> None:
    tablet = field.tablet("first")
    worker = tablet.add(field.scope, "worker", WORKER)
    entry = tablet.add(field.scope, "gate_pass", {**REFUSED, "worker": worker, "note": note})
    raw = bytes(tablet._store.sql.execute("SELECT line FROM outbox WHERE id = ?", (entry,)).fetchone()[0])
    plain = json.loads(raw)
    del plain["body"]["refused_for"]
    lines = [raw, json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()]
    with field.app.app_context(), read() as session:
        kinds = rules_in_force(session).kinds
    old, without = read_lines(lines, kinds, "2026.1")
    assert (old.code, list(old.errors), without.code) == ("unreadable", ["/body/refused_for"], None)
    assert [line.code for line in read_lines(lines, kinds, "2026.2")] == [None, None]


@pytest.mark.parametrize(
    ("kind", "body", "wrong"),
    [
        ("visitor_pass", {**VISITOR, "celsius": 36.5, "refused": "no"}, []),
        ("visitor_pass", {**VISITOR, "celsius": 37.3, "refused": "no"}, ["/body/refused"]),
        ("visitor_pass", {**VISITOR, "celsius": 37.3, "refused": "yes"}, ["/body/refused_for"]),
        ("visitor_pass", {**VISITOR, "celsius": 37.3, "refused": "yes", "refused_for": ["fever"]}, []),
        ("visitor_pass", {"direction": "out", "counting": "counted", "persons": 12}, []),
        (
            "vehicle_pass",
            {**TRUCK, "driver": "李师傅", "goods": "钢筋", "celsius": 36.6, "refused": "no"},
            [],
        ),
        ("vehicle_pass", {**TRUCK, "celsius": 37.3, "refused": "no"}, ["/body/refused"]),
        ("vehicle_pass", {**TRUCK, "celsius": 37.3, "refused": "yes", "refused_for": ["fever"]}, []),
        ("vehicle_pass", {**TRUCK, "refused": "no", "plate": "没有"}, ["/body/plate"]),
    ],
)
def test_visitors_and_vehicles_are_let_in_only_as_they_may_be(
    field: Field, kind: str, body: dict[str, Any], wrong: list[str]
) -> None:
    assert written(field, field.tablet("first"), kind, body) == wrong
