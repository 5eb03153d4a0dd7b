"""The row that says most of a flag decides where it goes; a unit without a leader is answered for by the one above it."""

from __future__ import annotations

from typing import Any

from server.rules.flags.routing import leaders_of, routed


def _row(code: str, unit: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "unit": unit, "from": "2021-12-01", "to": None, **more}


ROWS = [
    _row("kind", "a", site_kind="park"),
    _row("district", "b", district="410702"),
    _row("both", "c", district="410702", site_kind="park"),
    _row("duty", "d", duty="TEMP"),
]


def test_a_duty_decides_before_a_district_and_a_district_before_a_kind() -> None:
    def asked(kind: str, district: str, duty: str) -> str:
        return routed(ROWS, kind, district, duty, "2026-11-24", "own")

    assert asked("park", "410703", "DORM") == "a"
    assert asked("construction", "410702", "DORM") == "b"
    assert asked("park", "410702", "DORM") == "c"
    assert asked("park", "410702", "TEMP") == "d"
    assert asked("construction", "410703", "DORM") == "own"


def test_of_two_versions_the_one_of_the_day_holds() -> None:
    rows = [
        _row("duty", "old", duty="TEMP", to="2026-11-24"),
        {**_row("duty", "new", duty="TEMP"), "from": "2026-11-24"},
    ]
    assert [routed(rows, "", "", "TEMP", day, "own") for day in ("2026-11-23", "2026-11-24")] == [
        "old",
        "new",
    ]


def test_leaders_are_those_of_the_unit_else_of_the_one_above_and_a_circle_ends() -> None:
    units = [
        {"code": "a", "from": "2021-12-01", "to": None, "leader": "王晓河、张付银"},
        {"code": "b", "from": "2021-12-01", "to": None, "parent": "a"},
        {"code": "c", "from": "2021-12-01", "to": None, "parent": "d"},
        {"code": "d", "from": "2021-12-01", "to": None, "parent": "c"},
    ]
    assert [leaders_of(units, code, "2026-11-24") for code in ("a", "b", "c", "none")] == [
        ["王晓河", "张付银"],
        ["王晓河", "张付银"],
        [],
        [],
    ]
