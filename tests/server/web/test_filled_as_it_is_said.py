"""What a record says is typed into its form so that the same is read from it again: what nobody touched was not changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from schemas.forms.definition import Choice, Form, Item
from schemas.forms.kind import FormKind
from schemas.places import PLACE_ID
from server.actions.forms.fill_form import Fillable
from server.base.clock import to_iso
from server.console.filled import controls_of, said_of, texts_of
from server.field_app import HOME
from server.models.site import Site

CODES = ("clear", "rubbish", "other")
ITEMS = (
    Item("select_one", "place", "场所", list="place", role="place"),
    Item("text", "text", "", max=20),
    Item("integer", "integer", ""),
    Item("decimal", "decimal", ""),
    Item("date", "date", ""),
    Item("time", "time", ""),
    Item("dateTime", "dateTime", ""),
    Item("select_one", "one", "", list="look"),
    Item("select_multiple", "several", "", list="look"),
    Item("acknowledge", "acknowledge", ""),
    Item("geopoint", "point", ""),
)
LISTS = {"look": tuple(Choice(code, code) for code in CODES), "place": (Choice("pond", "池塘"),)}
FORM = Form("pond", 1, "池塘", "register", "P", "测试", "2021-12-01", ("park",), ("section",), ITEMS, LISTS)
TYPED = json.loads((HOME / "src" / "console" / "typed_cases.json").read_text("utf-8"))["cases"]
NUMBERS = st.one_of(
    st.integers(-(10**9), 10**9), st.floats(-1e9, 1e9, allow_nan=False).map(lambda value: round(value, 9))
)
POINT = st.fixed_dictionaries(
    {
        "latitude_deg": st.floats(-90, 90),
        "longitude_deg": st.floats(-180, 180),
        "accuracy_m": st.integers(0, 99),
    }
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text("水清 abc<>&\"'", min_size=1, max_size=20).map(str.strip).filter(bool),
    "integer": st.integers(-(10**9), 10**9),
    "decimal": NUMBERS,
    "date": st.dates().map(str),
    "time": st.times().map(lambda at: f"{at:%H:%M}"),
    "dateTime": st.integers(0, 30_000_000).map(lambda minute: to_iso(minute * 60_000)),
    "one": st.sampled_from(CODES),
    "several": st.lists(st.sampled_from(CODES), min_size=1, unique=True),
    "acknowledge": st.just(True),
    "point": POINT,
}
BODIES = st.fixed_dictionaries({}, optional=VALUES)


def filled(places: dict[str, dict[str, Any]]) -> Fillable:
    return Fillable(Site(), FORM, FormKind(FORM), "2026-11-23", {}, places, {})


@given(BODIES)
def test_what_is_typed_says_what_the_body_said(body: dict[str, Any]) -> None:
    page = filled({})
    typed = MultiDict({key: some for item in ITEMS for key, some in texts_of(page, item, body).items()})
    read: dict[str, Any] = {}
    for item in ITEMS:
        assert set(texts_of(page, item, body)) <= set(controls_of(item))
        read |= said_of(page, item, typed)
    if "dateTime" in body:
        assert read.pop("dateTime")[:16] == body.pop("dateTime")[:16]  # both by the clocks here
    assert read == body


def test_a_place_is_typed_by_its_id_and_read_with_its_kind() -> None:
    said = {"place": "pond", PLACE_ID: "11111111-1111-7111-8111-111111111111"}
    page = filled({said[PLACE_ID]: {"name": "东湖", "said": said}})
    typed = texts_of(page, ITEMS[0], said)
    assert typed == {"place": [said[PLACE_ID]]}
    assert said_of(page, ITEMS[0], MultiDict(typed)) == said


def test_what_is_no_number_stays_as_it_was_typed_for_it_to_be_refused() -> None:
    for text in ("7,5", "1e", "七", "７", "1_000", "nan", "inf", "1e999", "0x7"):
        assert said_of(filled({}), ITEMS[3], MultiDict({"decimal": text})) == {"decimal": text}


@pytest.mark.parametrize("case", TYPED, ids=[f"{case['type']} {case['typed']}" for case in TYPED])
def test_what_is_typed_is_read_as_by_the_script_of_the_page(case: dict[str, Any]) -> None:
    item = Item(case["type"], "asked", "", list="look" if case["type"].startswith("select") else None)
    assert said_of(filled({}), item, MultiDict([("asked", case["typed"])])) == {"asked": case["value"]}
