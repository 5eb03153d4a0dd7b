"""The shipped forms are the kinds that were code before: the very same outcome for any body, and the same schema."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.book import SHIPPED as BOOK
from schemas.compiled import FastAt, FastEntry, Reader
from schemas.forms.conditions import ANYWHERE, Context
from schemas.forms.kind import FormKind
from schemas.forms.shipped import shipped_forms
from schemas.forms.surroundings import ONCE_CODE
from schemas.json_schema import document
from schemas.kinds import KINDS
from tests.schemas.forms.once_code import OLD, old_outcome
from tests.schemas.strategies import bodies, odd_values, texts
from tests.schemas.test_the_compiled_reader_agrees import WORKER
from tests.sync_protocol.cases import vectors

OLD_READER = Reader(OLD, {}, lambda _: ANYWHERE)
UUID = "01980a1e-1111-7222-8333-444455556666"
LOG = {"place": "canteen", "agent": "chlorine", "operator": "张三"}
MOVE = {"item": "mask", "movement": "counted", "amount": 5}
ROUND = {"purpose": "routine", "result": "sound"}
FINDING = {"round": UUID, "topic": "mask", "severity": "severe", "description": "未戴口罩"}
WHOLE: dict[str, dict[str, Any]] = {
    **{
        "disinfection_log": LOG,
        "supply_movement": MOVE,
        "inspection_round": ROUND,
        "inspection_finding": FINDING,
    }
}
ODD: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        0.5,
        -0.0,
        91,
        -91,
        180,
        180.0000001,
        -180.0000001,
        1e6,
        1_000_000.5,
        100_000.0000001,
    ),
    *(
        -1e-9,
        1e300,
        10**17,
        5e-324,
        float("nan"),
        float("inf"),
        "",
        " ",
        "\u3000",
        "a\nb",
        "a\u202eb",
        "\ud800",
        "x" * 51,
    ),
    *(
        "x" * 501,
        "龙" * 50,
        "Canteen",
        "canteen",
        "canteen\n",
        "mask",
        "1",
        UUID,
        UUID.upper(),
        [],
        [1],
        {},
        {"a": 1},
    ),
)


def compare(kind: str, act: str, body: Any) -> None:
    verdict = BOOK.validate(kind, act, body)
    assert (verdict.clean, verdict.code, verdict.errors) == old_outcome(kind, act, body), (kind, act, body)
    assert verdict.doubts == ()


@pytest.mark.parametrize("kind", ONCE_CODE)
def test_each_odd_value_in_each_field_has_the_same_outcome(kind: str) -> None:
    for name in (*KINDS[kind].fields, "extra", "rev", "at"):
        for value in ODD:
            compare(kind, "add", {**WHOLE[kind], name: value})
        compare(kind, "add", {key: value for key, value in WHOLE[kind].items() if key != name})


@pytest.mark.parametrize("latitude", [None, 35, 91, "35"])
@pytest.mark.parametrize("longitude", [None, 113, 181, "113", -180.0000001])
def test_a_position_is_whole_or_absent_whatever_is_wrong_with_its_halves(
    latitude: Any, longitude: Any
) -> None:
    compare("inspection_round", "add", {**ROUND, "latitude_deg": latitude, "longitude_deg": longitude})


@pytest.mark.parametrize("act", ["add", "amend", "edit", "void", "", "ADD"])
@pytest.mark.parametrize("body", [None, {}, [], "x", 7, LOG, WORKER])
@pytest.mark.parametrize("kind", ONCE_CODE)
def test_any_act_with_any_body_has_the_same_outcome(kind: str, act: str, body: Any) -> None:
    compare(kind, act, body)


@given(
    kind=st.sampled_from(ONCE_CODE),
    act=st.sampled_from(("add", "add", "add", "amend", "edit")),
    data=st.data(),
)
def test_bodies_that_are_right_or_wrong_in_some_fields_have_the_same_outcome(
    kind: str, act: str, data: st.DataObject
) -> None:
    body = dict(data.draw(bodies(kind)))
    for _ in range(data.draw(st.integers(0, 3))):
        name = data.draw(st.sampled_from((*KINDS[kind].fields, "extra", "rev", "state")) | texts(60))
        if data.draw(st.booleans()):
            body.pop(name, None)
        else:
            body[name] = data.draw(odd_values() | texts(60) | st.sampled_from(ODD))
    compare(kind, act, body)


@given(kind=st.sampled_from(ONCE_CODE), data=st.data())
def test_the_compiled_readers_accept_the_same_texts_with_equal_values(kind: str, data: st.DataObject) -> None:
    body = dict(data.draw(bodies(kind)))
    if data.draw(st.booleans()):
        body[data.draw(st.sampled_from(KINDS[kind].fields))] = data.draw(odd_values())
    text = json.dumps(body, ensure_ascii=False).encode()
    at = FastAt("2021-12-01T07:00:00.000+08:00", wall_ms=1_638_313_200_000)
    entry = FastEntry("", "", 1, "", kind, "", "add", at, msgspec.Raw(text))
    assert BOOK.reader.is_sound(entry, body) == OLD_READER.is_sound(entry, body)
    version = BOOK.get(kind)
    assert isinstance(version, FormKind)
    fast = version.fast.read(text, Context())
    if fast is not None:
        shown = {name: value for name, value in msgspec.structs.asdict(fast[0]).items() if value is not None}
        assert shown == old_outcome(kind, "add", body)[0]


def test_every_entry_of_the_vectors_has_the_same_outcome() -> None:
    entries = list(_entries(vectors("entries.json"))) + list(_entries(vectors("merges.json")))
    for entry in entries:
        compare_entry(entry)
    assert entries


def compare_entry(entry: dict[str, Any]) -> None:
    kind, act, body = entry.get("kind"), entry.get("act"), entry.get("body")
    if isinstance(kind, str) and isinstance(act, str) and kind in OLD:
        compare(kind, act, body)
    for once_code in ONCE_CODE:
        compare(once_code, "add", body)


def _entries(value: Any) -> Any:
    """All that looks like an entry, also in the lines of the vectors."""
    if isinstance(value, dict):
        if "body" in value:
            yield value
        for below in value.values():
            yield from _entries(below)
    elif isinstance(value, list):
        for below in value:
            yield from _entries(below)
    elif isinstance(value, str) and value.startswith("{"):
        try:
            yield from _entries(json.loads(value))
        except ValueError:
            return


@pytest.mark.parametrize("kind", ONCE_CODE)
def test_a_shipped_form_is_the_kind_in_every_member_that_the_server_asks_for(kind: str) -> None:
    form, code = KINDS[kind], OLD[kind]
    members = ("name", "title", "nature", "sealed", "acts", "fields", "merge_rules", "server_only", "icon")
    for member in (*members, "subject_field", "slot_field", "own"):
        assert getattr(form, member) == getattr(code, member), member
    assert BOOK.json_schemas()[kind] == document(code.title, code.whole)
    assert _declared(form.whole) == _declared(code.whole)


def _declared(shape: Any) -> dict[str, Any]:
    """What lists, pages and the app read of a field; of a kind that is not sealed its policy says nothing."""
    return {name: dict(field.metadata) for name, field in shape.fields.items()}


def test_old_kinds_are_read_as_version_1_where_an_entry_names_none() -> None:
    for version in (None, 1):
        assert BOOK.validate("disinfection_log", "add", LOG, version).clean == LOG
    assert BOOK.validate("disinfection_log", "add", LOG, 2).code == "unknown_form"
    assert {one.version for one in shipped_forms() if one.code in ONCE_CODE} == {1}
