"""What a kind declares of its fields is what is derived from it, or the program does not start."""

from __future__ import annotations

import pytest

from schemas import limits
from schemas.book import SHIPPED, kind_book
from schemas.fields import Body, choice, listed, text
from schemas.kind import Kind
from schemas.kinds import KINDS, validate_body
from schemas.lists import lists_with

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
    book = kind_book({"place_kinds": ["pump_house", "canteen"]})
    assert validate_body("disinfection_log", "add", LOG, book.kinds)[1] is None
    assert validate_body("disinfection_log", "add", LOG)[1] == "body_invalid"
    assert book.kinds["inspection_finding"].whole.validate({"place": "pump_house"}).keys() == {
        "round",
        "topic",
        "severity",
        "description",
    }
    assert lists_with({"place_kinds": ["z", "a", "gate"]})["place_kinds"][-3:] == ("isolation_room", "a", "z")


def test_where_nothing_is_added_there_is_one_book_for_all() -> None:
    assert kind_book({"place_kinds": ["gate"]}) is kind_book({}) is SHIPPED
    more = kind_book({"place_kinds": ["pump_house"]})
    assert more is kind_book({"place_kinds": ["pump_house", "gate"]})
    assert more.kinds["worker"] is KINDS["worker"]


def test_both_readers_know_the_same_lists() -> None:
    book = kind_book({"place_kinds": ["pump_house"]})
    text_of = b'{"place":"pump_house","agent":"chlorine","operator":"x"}'
    body = {"place": "pump_house", "agent": "chlorine", "operator": "x"}
    assert book.reader.is_sound("disinfection_log", text_of, body)
    assert not SHIPPED.reader.is_sound("disinfection_log", text_of, body)


def test_a_record_that_a_field_names_is_of_a_kind() -> None:
    for kind in KINDS.values():
        for name, field in kind.whole.fields.items():
            refers = field.metadata.get("refers")
            assert refers is None or refers in KINDS, (kind.name, name)
