"""Paging by cursor: everything comes once, also while new flags arrive, and a bad cursor is reported."""

from __future__ import annotations

from flask import Flask

from server.base.db import write
from tests.server.cast import NOW_MS, Caller, Cast, add_flag


def _walk(caller: Caller, path: str, limit: int) -> list[str]:
    found: list[str] = []
    cursor = ""
    while True:
        page = caller.get(f"{path}?limit={limit}" + (f"&cursor={cursor}" if cursor else "")).get_json()
        assert len(page["items"]) <= limit
        assert len(found) < 1000, "paging never ends"
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            return found


def test_every_flag_comes_once_although_many_opened_at_the_same_instant(app: Flask, cast: Cast) -> None:
    with app.app_context(), write() as session:
        made = [add_flag(session, cast.site_a, f"flag {i}", NOW_MS + i // 7) for i in range(25)]
    caller = cast.client("section")
    whole = _walk(caller, "/api/v1/flags", 200)
    assert sorted(whole) == sorted(made)
    for limit in (1, 4, 7, 24, 25):
        assert _walk(caller, "/api/v1/flags", limit) == whole


def test_flags_that_open_while_somebody_pages_do_not_shift_the_pages(app: Flask, cast: Cast) -> None:
    with app.app_context(), write() as session:
        made = [add_flag(session, cast.site_a, f"flag {i}", NOW_MS + i) for i in range(6)]
    caller = cast.client("section")
    first = caller.get("/api/v1/flags?limit=3").get_json()
    with app.app_context(), write() as session:
        add_flag(session, cast.site_a, "late flag", NOW_MS + 100)
    rest = caller.get(f"/api/v1/flags?limit=3&cursor={first['next']}").get_json()
    assert [flag["id"] for flag in first["items"] + rest["items"]] == made[::-1]


def test_windows_of_a_site_come_by_date_and_page_by_page(app: Flask, cast: Cast) -> None:
    with app.app_context(), write() as session:
        for i in range(5):
            add_flag(session, cast.site_a, f"flag {i}", NOW_MS + i)
    caller, path = cast.client("section"), f"/api/v1/sites/{cast.site_a}/windows"
    assert len(_walk(caller, path, 2)) == 5
    day = caller.get(f"{path}?from=2026-11-22&to=2026-11-22").get_json()["items"]
    assert [window["state"] for window in day] == ["missed"] * 5
    assert caller.get(f"{path}?from=2026-11-24&to=2026-11-24").get_json()["items"] == []
    assert caller.get(f"{path}?from=2026-11-24&to=2026-11-22").status_code == 422


def test_a_cursor_that_nobody_handed_out_is_a_problem_and_no_error(cast: Cast) -> None:
    caller = cast.client("section")
    for cursor in ("x", "!!!!", "AAAA", "OTk5OTk5OTk5OTk5OTk5OTk5OTk6eA", "%00", "8J-YgA", "a" * 101):
        for path in ("flags", "sites", f"sites/{cast.site_a}/windows"):
            answer = caller.get(f"/api/v1/{path}?cursor={cursor}")
            assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_input"), (path, cursor)
