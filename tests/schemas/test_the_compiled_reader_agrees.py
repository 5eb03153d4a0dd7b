"""What the compiled reader accepts, the strict readers accept with equal values; and it takes every plain addition."""

from __future__ import annotations

import json
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict

from schemas.book import SHIPPED
from schemas.compiled import FastAt, FastEntry
from schemas.kinds import KINDS, validate_body
from sync_protocol.entry import Entry, Refusal, read_entry
from tests.schemas.strategies import PUSHED, lines, odd_values, texts

_ENVELOPE = (
    "id",
    "scope",
    "n",
    "prev",
    "kind",
    "record",
    "act",
    "base",
    "amends",
    "reason",
    "needs",
    "media",
)
_AT = ("wall_ms", "wall", "boot", "up_ms", "beacon")


decode_line = SHIPPED.reader.decode_line


def is_sound(kind: str, text: bytes, body: dict[str, Any]) -> bool:
    """What the compiled reader says of a body that the server wrote."""
    at = FastAt("2021-12-01T07:00:00.000+08:00", wall_ms=1_638_313_200_000)
    entry = FastEntry("", "", 1, "", kind, "", "add", at, msgspec.Raw(text))
    return SHIPPED.reader.is_sound(entry, body)


def read_strictly(line: bytes) -> tuple[Entry, dict[str, Any]] | None:
    """The entry and its clean body as the strict readers have them; None when they refuse it."""
    try:
        entry = read_entry(line)
    except Refusal:
        return None
    clean, code, _ = validate_body(entry.kind, entry.act, entry.body)
    if clean is None or code is not None or (KINDS[entry.kind].nature == "fact" and entry.record != entry.id):
        return None
    return entry, clean


def check_agreement(line: bytes) -> bool:
    """Whether the compiled reader accepts; if so, the strict ones must, with equal values."""
    fast = decode_line(line)
    if fast is None:
        return False
    assert SHIPPED.reader.is_sound(fast[0], json.loads(bytes(fast[0].body)))
    strict = read_strictly(line)
    assert strict is not None, f"only the compiled reader accepts {line!r}"
    check_equal(fast[0], strict[0])
    shown = {name: value for name, value in asdict(fast[1]).items() if value is not None}
    assert shown == strict[1]
    return True


def check_equal(fast: FastEntry, strict: Entry) -> None:
    for name in _ENVELOPE:
        assert getattr(fast, name) == getattr(strict, name), name
    for name in _AT:
        assert getattr(fast.at, name) == getattr(strict.at, name), name
    assert json.loads(bytes(fast.body)) == strict.body


@given(kind=st.sampled_from(PUSHED), data=st.data())
def test_every_plain_addition_is_taken_by_both_with_equal_values(kind: str, data: st.DataObject) -> None:
    line = data.draw(lines(kind))
    strict = read_strictly(line)
    assert strict is not None
    assert check_agreement(line) == (b"\\" not in line)


@given(kind=st.sampled_from(PUSHED), data=st.data())
def test_a_line_with_spaces_and_escapes_is_read_alike_or_left_to_the_strict_reader(
    kind: str, data: st.DataObject
) -> None:
    line = data.draw(lines(kind, plain=False))
    assert read_strictly(line) is not None
    check_agreement(line)


@given(kind=st.sampled_from(PUSHED), data=st.data())
def test_an_entry_with_one_thing_wrong_is_never_taken_by_the_compiled_reader_alone(
    kind: str, data: st.DataObject
) -> None:
    members = json.loads(data.draw(lines(kind)))
    part = members
    if data.draw(st.booleans()):
        part = members["body"]
    elif data.draw(st.booleans()):
        part = members["at"]
    name = data.draw(st.sampled_from(sorted(part)) | st.just("extra"))
    if data.draw(st.booleans()):
        part.pop(name, None)
    else:
        part[name] = data.draw(odd_values() | texts(60))
    check_agreement(json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode())


@given(kind=st.sampled_from(PUSHED), data=st.data(), seed=st.integers(0, 2**32))
def test_bytes_put_in_taken_out_or_repeated_are_never_taken_by_the_compiled_reader_alone(
    kind: str, data: st.DataObject, seed: int
) -> None:
    line = bytearray(data.draw(lines(kind, plain=False)))
    dice = random.Random(seed)
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(line))
        piece = dice.choice(
            (b" ", b"\t", b"\n", b"\\", b'"', b":", b",", b"0", b".0", b"\xff", b"\xed\xa0\x80", b"\\u0061")
        )
        choice = dice.randrange(3)
        if choice == 0:
            line[at:at] = piece
        elif choice == 1:
            del line[at]
        else:
            line[at:at] = line[max(0, at - dice.randint(1, 60)) : at]
    check_agreement(bytes(line))


@given(kind=st.sampled_from(PUSHED), data=st.data())
def test_a_name_that_occurs_twice_is_never_taken(kind: str, data: st.DataObject) -> None:
    line = data.draw(lines(kind))
    members = json.loads(line)
    inside = data.draw(st.sampled_from(("", "at", "body")))
    names = sorted(members[inside] if inside else members)
    name = data.draw(st.sampled_from(names))
    value = members[inside][name] if inside else members[name]
    again = data.draw(st.just(value) | st.none() | st.just("a:b"))
    colon = data.draw(st.sampled_from((":", " :", "\t: ")))
    twin = f'"{name}"{colon}{json.dumps(again, ensure_ascii=False)},'.encode()
    opening = f'"{inside}":{{'.encode() if inside else b"{"
    at = line.index(opening) + len(opening)
    twice = line[:at] + twin + line[at:]
    assert decode_line(twice) is None
    assert read_strictly(twice) is None


def a_line(body: str) -> bytes:
    uuid = "01980a1e-1111-7222-8333-444455556666"
    at = '{"wall":"2026-11-23T07:41:03.120+08:00"}'
    head = (
        f'{{"id":"{uuid}","scope":"site:{uuid}","n":1,"prev":"","kind":"disinfection_log","record":"{uuid}"'
    )
    return f'{head},"act":"add","at":{at},"body":{body}}}'.encode()


PLAIN = '{"place":"canteen","agent":"chlorine","operator":"张三"%s}'


def test_the_example_that_the_hostile_ones_start_from_is_taken() -> None:
    assert check_agreement(a_line(PLAIN % ""))


@pytest.mark.parametrize(
    "more",
    [
        ',"amount_l":1.' + "0" * 5000,
        ',"amount_l":' + "9" * 5000,
        ',"amount_l": 1.' + "0" * 40,
        ',"amount_l":1e400',
        ',"amount_l":NaN',
        ',"amount_l":-Infinity',
        ',"note":"\\ud800"',
        ',"note":' + "[" * 100_000,
        ',"note":' + '{"a":' * 100_000,
        ',"note":"a","note":null',
        ',"note":null,"note":"a"',
        ',"note" : "a:b","note":"a"',
        ',"\\u006eote":"a","note":"\\u003a"',
        ',"wall_ms":1',
        "\n",
        ',\n"note":"a"',
    ],
)
def test_what_readers_of_json_disagree_about_is_not_taken(more: str) -> None:
    line = a_line(PLAIN % more)
    assert decode_line(line) is None
    assert read_strictly(line) is None


UUID = "01980a1e-1111-7222-8333-444455556666"
WALL = "2026-11-23T07:41:03.120+08:00"
WORKER = {
    "name": "张三",
    "certificate_type": "id_card",
    "certificate_number": "11010519491231002X",
    "company": "91110000101623741K",
    "team": "一班",
    "trade": "020",
    "role": "worker",
    "entered_on": "2021-11-01",
}


@pytest.mark.parametrize(
    ("part", "name", "values"),
    [
        ("", "id", [UUID.upper(), UUID[:-1], UUID + "0", UUID.replace("-", "_"), "g" + UUID[1:], "", 7]),
        ("", "record", [UUID.upper(), UUID[:-1], "x", "", UUID[:-1] + "7"]),
        ("", "scope", [UUID, f"site:{UUID.upper()}", "site:", f"SITE:{UUID}", f"site:{UUID} ", "site:x"]),
        ("", "prev", ["9f", "F" * 64, "g" * 64, "0" * 63, "0" * 66, " " + "0" * 63, "0 " * 64]),
        ("", "n", [0, -1, 1.0, 2**53, True, "1"]),
        ("", "needs", [[UUID.upper()], [""], "x", [7], [UUID] * 101, {}]),
        ("", "extra", [1, None]),
        (
            "at",
            "wall",
            [WALL[:-6], WALL.replace("T", " "), WALL.replace(".", ","), WALL.replace(":03", ":60"), "", 7],
        ),
        (
            "at",
            "wall",
            [
                WALL.replace(".", "0"),
                WALL.replace("03.1", "0３.1"),
                WALL.replace("11-23", "11-31"),
                "20261123T0741",
            ],
        ),
        (
            "at",
            "wall",
            [WALL.replace("+08:00", "+24:00"), WALL.replace("+08:00", "z"), WALL.replace("2026", "２０２６")],
        ),
        (
            "at",
            "wall",
            [
                WALL.replace("03.120", "99.999"),
                WALL.replace("120", "1x0"),
                WALL + " ",
                WALL.replace("+08:00", "+0800"),
            ],
        ),
        ("at", "boot", ["", "a b", "x" * 65, "启动", 7]),
        ("at", "beacon", ["", "a b", "x" * 65, "\x7f", 7]),
        ("at", "up_ms", [-1, 2**53, 1.5, "1", True]),
        ("body", "operator", ["", " ", "   ", "\u3000", "a\u202eb", "a\x7fb", "龙" * 51]),
        ("body", "amount_l", [-0.1, 10_000.5, True, "1"]),
        ("body", "extra", [1, None]),
        ("body", "place", ["Canteen", "", None, 7]),
    ],
)
def test_what_the_strict_reader_refuses_in_one_member_is_not_taken(
    part: str, name: str, values: list[Any]
) -> None:
    for value in values:
        members = json.loads(a_line(PLAIN % ""))
        (members[part] if part else members)[name] = value
        if name == "id":
            members["record"] = value
        line = json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()
        assert read_strictly(line) is None, value
        assert decode_line(line) is None, value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("certificate_number", "110105194912310021"),
        ("certificate_number", "110105491231002"),
        ("certificate_type", "hmt_residence"),
        ("company", "91110000101623741A"),
        ("entered_on", "2021-02-29"),
        ("exited_on", "2021-10-31"),
        ("phone", "12812345678"),
        ("trade", "02"),
    ],
)
def test_a_worker_whom_the_strict_reader_refuses_is_not_taken(name: str, value: str) -> None:
    for body, is_right in ((WORKER, True), ({**WORKER, name: value}, False)):
        assert is_sound("worker", json.dumps(body, ensure_ascii=False).encode(), body) is is_right
    assert validate_body("worker", "add", {**WORKER, name: value})[1] == "body_invalid"


@pytest.mark.parametrize("celsius", ["36.55", "29.9", "45.1", "36.500001", "true", '"36.5"', "null"])
def test_a_temperature_that_the_strict_reader_refuses_is_not_taken(celsius: str) -> None:
    body = f'{{"worker":"{UUID}","celsius":{celsius},"slot":"entry","point":"gate"}}'.encode()
    assert not is_sound("temperature_check", body, json.loads(body))
    assert validate_body("temperature_check", "add", json.loads(body))[1] == "body_invalid"


def test_a_worker_has_a_record_of_its_own_id() -> None:
    line = a_line(json.dumps(WORKER, ensure_ascii=False, separators=(",", ":")))
    members = json.loads(line.replace(b'"disinfection_log"', b'"worker"'))
    for record, taken in ((UUID[:-1] + "7", True), (UUID.upper(), False)):
        line = json.dumps({**members, "record": record}, ensure_ascii=False, separators=(",", ":")).encode()
        assert check_agreement(line) is taken


def test_the_time_that_the_reader_adds_cannot_be_sent() -> None:
    line = a_line(PLAIN % "").replace(b'"at":{', b'"at":{"wall_ms":5,')
    assert decode_line(line) is None


@pytest.mark.parametrize("name", ["id", "scope", "n", "prev", "kind", "record", "act", "at", "body"])
def test_an_envelope_that_lacks_a_member_is_not_taken(name: str) -> None:
    members = json.loads(a_line(PLAIN % ""))
    del members[name]
    line = json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()
    assert (decode_line(line), read_strictly(line)) == (None, None)


@pytest.mark.parametrize("act", ["edit", "amend", "void", "ADD", ""])
def test_a_body_of_another_act_is_left_to_the_strict_reader(act: str) -> None:
    assert decode_line(a_line(PLAIN % "").replace(b'"add"', f'"{act}"'.encode())) is None


@pytest.mark.parametrize("kind", ["site", "flag", "nothing", ""])
def test_a_kind_that_no_device_writes_is_left_to_the_strict_reader(kind: str) -> None:
    assert not is_sound(kind, b"{}", {})
    assert decode_line(a_line(PLAIN % "").replace(b'"disinfection_log"', f'"{kind}"'.encode())) is None


@given(data=st.data())
def test_promised_photos_are_taken_only_as_the_strict_reader_takes_them(data: st.DataObject) -> None:
    members = json.loads(a_line(PLAIN % ""))
    good = {"sha256": "ab" * 32, "bytes": 48_213, "type": "image/jpeg"}
    members["media"] = data.draw(st.lists(st.just(good), min_size=1, max_size=3))
    name = data.draw(st.sampled_from([*good, "extra"]))
    odd = data.draw(
        odd_values() | st.sampled_from(["AB" * 32, "ab" * 31, "image", 2**53, "image/" + "x" * 65])
    )
    members["media"][-1] = {**good, name: odd}
    check_agreement(json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode())


def test_additions_with_photos_take_the_compiled_reader() -> None:
    members = json.loads(a_line(PLAIN % ""))
    for count in range(3):
        members["media"] = [{"sha256": "ab" * 32, "bytes": 48_213, "type": "image/jpeg"}] * count
        assert check_agreement(json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode())
