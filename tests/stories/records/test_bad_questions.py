"""Whatever is wrong with a question is said with a code and where; nothing is a 500."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.actions.records.feed import Put
from server.actions.sites import record_changes, record_pages
from server.models.site_cursor import SITE_CURSOR_MAX, SITES_MAX, read_site_cursor, write_site_cursor
from tests.server.cast import NOW_MS, identity
from tests.stories.field import Field
from tests.stories.records.conftest import Ask, put
from tests.stories.records.test_pages_of_records import cleaned

UNKNOWN = identity("nothing")
LOG = "disinfection_log"


@pytest.mark.parametrize(
    ("asked", "code", "where"),
    [
        ({"kind": "Nothing!"}, "invalid_input", "kind"),
        ({"kind": "nothing"}, "unknown_kind", "kind"),
        ({"kind": "window"}, "unknown_kind", "kind"),
        ({"site": "1"}, "invalid_input", "site"),
        ({"site": UNKNOWN}, "unknown_site", "site"),
        ({"district": "新乡"}, "invalid_input", "district"),
        ({"day": "2026-02-30"}, "invalid_input", "day"),
        ({"day": "2026-2-3"}, "invalid_input", "day"),
        ({"day": "1970-01-01"}, "invalid_input", "day"),
        ({"day": "2026-11-23", "to": "2026-11-23"}, "invalid_input", "day"),
        ({"from_": "2026-11-23", "to": "2026-11-22"}, "invalid_input", "to"),
        ({"from_": "2024-11-23", "to": "2026-11-22"}, "invalid_input", "to"),
        ({"kind": "worker", "day": "2026-11-23"}, "invalid_input", "day"),
        ({"kind": "supply_movement", "place": UNKNOWN}, "invalid_input", "place"),
        ({"place": "食堂"}, "invalid_input", "place"),
        ({"author": "李华"}, "invalid_input", "author"),
        ({"choice": "agent:alcohol"}, "invalid_input", "choice"),
        ({"kind": LOG, "choice": "agent"}, "invalid_input", "choice/0"),
        ({"kind": LOG, "choice": "agent:water"}, "invalid_input", "choice"),
        ({"kind": LOG, "choice": ["agent:alcohol"] * 11}, "invalid_input", "choice"),
        ({"voided": "no"}, "invalid_input", "voided"),
        ({"cursor": "?"}, "invalid_input", "cursor"),
        ({"cursor": "x" * 251}, "invalid_input", "cursor"),
        ({"limit": "0"}, "invalid_input", "limit"),
        ({"limit": "201"}, "invalid_input", "limit"),
        ({"format": "pdf"}, "invalid_input", "format"),
        ({"format": "csv"}, "invalid_input", "kind"),
        ({"changed_since": ""}, "invalid_input", "changed_since"),
        ({"changed_since": "2026-11-23T08:00:00+08:00"}, "invalid_input", "changed_since"),
        ({"changed_since": "0", "format": "csv"}, "invalid_input", "format"),
        ({"changed_since": "0", "day": "2026-11-23"}, "invalid_input", "day"),
        ({"changed_since": "0", "kind": LOG, "choice": "agent:alcohol"}, "invalid_input", "choice"),
        ({"changed_since": "0", "cursor": "x"}, "invalid_input", "cursor"),
        ({"nothing": "1"}, "invalid_input", "nothing"),
    ],
)
def test_a_parameter_that_is_wrong_is_named(
    refuse: Ask, asked: dict[str, Any], code: str, where: str
) -> None:
    status = 404 if code.startswith("unknown") else 422
    assert refuse(**asked) == (status, code, {where})


def test_a_cursor_is_good_for_its_own_question_and_user(ask: Ask, refuse: Ask, field: Field) -> None:
    put(field, field.cast.site_a, [cleaned(1), cleaned(2)])
    cursor = ask(kind=LOG, changed_since="0")["changed_since"]
    assert ask(kind=LOG, changed_since=cursor)["items"] == []
    bad = (422, "invalid_input", {"changed_since"})
    assert refuse(changed_since=cursor) == bad
    assert refuse(kind=LOG, site=field.cast.site_a, changed_since=cursor) == bad
    assert refuse("inspector", kind=LOG, changed_since=cursor) == bad
    page = ask(kind=LOG, site=field.cast.site_a, limit=1)["next"]
    assert refuse(kind="gate_pass", site=field.cast.site_a, cursor=page) == (422, "invalid_input", {"cursor"})


def test_who_sees_too_many_sites_for_one_cursor_is_told_to_ask_for_fewer(
    ask: Ask, refuse: Ask, field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(field, field.cast.site_a, [cleaned(1)])
    monkeypatch.setattr(record_changes, "SITES_MAX", 0)
    assert refuse(changed_since="0") == (422, "invalid_input", {"district"})
    monkeypatch.setattr(record_changes, "SITES_MAX", 1)
    assert len(ask(changed_since="0")["items"]) == 1


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    name=st.sampled_from(["cursor", "changed_since", "choice", "kind", "site", "day", "limit", "district"]),
    text=st.text(max_size=300) | st.binary(max_size=120).map(lambda data: _base64(data)),
)
def test_no_text_is_a_500(caller: Any, name: str, text: str) -> None:
    answer = caller("section").get("/api/v1/records", query_string={name: text})
    assert answer.status_code in (200, 404, 422), (answer.status_code, answer.text)


def _base64(data: bytes) -> str:
    import base64

    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def test_a_cursor_cut_anywhere_is_no_500(caller: Any, ask: Ask, field: Field) -> None:
    puts = [cleaned(number, NOW_MS - number) for number in range(3)]
    put(field, field.cast.site_a, [*puts, Put("worker", identity("w"), {"name": "甲"})])
    whole = {
        "changed_since": ask(changed_since="0")["changed_since"],
        "cursor": ask(limit=1)["next"],
    }
    for name, cursor in whole.items():
        for end in range(1, len(cursor)):
            answer = caller("section").get("/api/v1/records", query_string={name: cursor[:end]})
            assert answer.status_code in (200, 422), answer.text


def test_the_longest_cursor_fits_into_what_is_taken() -> None:
    stands = {bytes([number // 256, number % 256]) * 4: (1 << 60) for number in range(SITES_MAX)}
    made = write_site_cursor(b"q" * 8, stands)
    assert len(made) <= SITE_CURSOR_MAX
    assert read_site_cursor(made, b"q" * 8) == stands
    at = record_pages._After(UNKNOWN, "k" * 32, (1 << 53) - 1, UNKNOWN)
    assert len(record_pages._write_cursor(at)) <= record_pages.CURSOR_MAX
