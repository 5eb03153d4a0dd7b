"""What a kind declares of its fields is what is derived from it, or the program does not start."""

from __future__ import annotations

import json

import pytest

from schemas import limits
from schemas.book import SHIPPED, form_book
from schemas.fields import Body, choice, listed, text
from schemas.kind import Kind
from schemas.kinds import KINDS, validate_body
from schemas.lists import lists_with

UUID = "01980a1e-1111-7222-8333-444455556666"
ENVELOPE = {
    **{"id": UUID, "scope": f"site:{UUID}", "n": 1, "prev": "", "record": UUID, "act": "add"},
    "at": {"wall": "2021-12-01T07:00:00.000+08:00"},
}
LOG = {"place": "pump_house", "agent": "chlorine", "operator": "张三"}


def test_roles_say_what_duties_judge_a_record_by() -> None:
    class Log(Body):
        note = text("备注", 10)
        place = listed("场所", "place_kinds", role="place")
        shift = choice("班次", {"day": "白班", "night": "夜班"}, role="slot")

    kind = Kind("log", "记录", "fact", Log)
    assert (kind.subject_field, kind.slot_field) == ("place", "shift")


def test_a_slot_that_a_record_has_no_room_for_stops_the_start() -> None:
    slot = choice("班次", {"d" * (limits.RECORD_SLOT_MAX + 1): "白班"}, role="slot")
    with pytest.raises(TypeError, match="slot"):
        Kind("log", "记录", "fact", type("Log", (Body,), {"shift": slot}))


def test_who_wins_is_declared_with_the_field() -> None:
    class Register(Body):
        name = text("名称", 10, merge="keep")
        note = text("备注", 10)

    assert Kind("list", "名单", "register", Register).merge_rules == {"name": "keep", "note": "latest"}


def test_what_a_field_is_served_as_is_written_by_nobody_else() -> None:
    assert {"certificate_masked", "certificate_digest"} <= KINDS["worker"].server_only
    assert "certificate_masked" not in KINDS["temperature_check"].server_only


def test_a_list_of_reference_data_takes_what_the_installation_has_besides_what_is_shipped() -> None:
    book = form_book((), {"place_kinds": ["pump_house", "canteen"]})
    assert validate_body("disinfection_log", "add", LOG, book.kinds)[1] is None
    assert validate_body("disinfection_log", "add", LOG)[1] == "body_invalid"
    assert book.kinds["inspection_finding"].whole.validate({"place": "pump_house"}).keys() == {
        "round",
        "topic",
        "severity",
        "description",
    }
    assert lists_with({"place_kinds": ["z", "a", "gate"]})["place_kinds"][-3:] == ("isolation_room", "a", "z")


def test_what_is_known_alike_is_one_kind_for_all() -> None:
    assert form_book((), {"place_kinds": ["gate"]}).kinds == SHIPPED.kinds
    assert {name: SHIPPED.kinds[name] for name in KINDS} == KINDS
    more = form_book((), {"place_kinds": ["pump_house"]})
    log, again = (
        form_book((), {"place_kinds": codes}).kinds["disinfection_log"]
        for codes in (["pump_house"], ["pump_house", "gate"])
    )
    assert log is again is more.kinds["disinfection_log"] is not KINDS["disinfection_log"]
    assert more.kinds["worker"] is KINDS["worker"]


def test_both_readers_know_the_same_lists() -> None:
    book = form_book((), {"place_kinds": ["pump_house"]})
    line = json.dumps({**ENVELOPE, "kind": "disinfection_log", "body": LOG}, ensure_ascii=False).encode()
    assert book.reader.decode_line(line) is not None
    assert SHIPPED.reader.decode_line(line) is None


def test_a_record_that_a_field_names_is_of_a_kind() -> None:
    for kind in KINDS.values():
        for name, field in kind.whole.fields.items():
            refers = field.metadata.get("refers")
            assert refers is None or refers in KINDS, (kind.name, name)
