"""Bodies and lines made from the kinds themselves: true ones, and ones that are a little wrong."""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import cache
from typing import Any

from hypothesis import strategies as st

from schemas.certificates import (
    CERTIFICATE_PATTERN,
    CERTIFICATE_TYPES,
    COMPANY_PATTERN,
    PHONE_PATTERN,
    company_check_character,
    person_check_character,
)
from schemas.fields import DATE_PATTERN, INSTANT_PATTERN, TEXT_PATTERN, UUID_PATTERN, Tenths
from schemas.kinds import KINDS
from schemas.shapes import Shape, shapes_of
from schemas.worker import TRADE_PATTERN
from tests.schemas.forms.once_code import OLD

PUSHED = tuple(name for name, kind in KINDS.items() if kind.nature != "server")
Body = dict[str, Any]
_IS_TEXT = re.compile(TEXT_PATTERN)
_UUIDS = st.uuids().map(str)
_DAYS = st.dates().map(str)
_EARLIEST, _LATEST = datetime(1971, 1, 1), datetime(2099, 12, 30)
_COMPANIES = (
    st.integers(0, 10**15 - 1).map("9A{:015}".format).map(lambda text: text + company_check_character(text))
)
_BY_PATTERN = {
    UUID_PATTERN: _UUIDS,
    DATE_PATTERN: _DAYS,
    INSTANT_PATTERN: st.deferred(lambda: _walls()),
    COMPANY_PATTERN: _COMPANIES,
    CERTIFICATE_PATTERN: st.just("E12345678"),  # see certificates
    PHONE_PATTERN: st.integers(13 * 10**9, 2 * 10**10 - 1).map(str),
    TRADE_PATTERN: st.integers(0, 999).map("{:03}".format),
}


_PHOTOS = st.fixed_dictionaries(
    {
        "sha256": st.binary(min_size=32, max_size=32).map(bytes.hex),
        "bytes": st.integers(1, 2**53 - 1),
        "type": st.sampled_from(("image/jpeg", "image/svg+xml", "video/mp4")),
    }
)


@cache
def texts(max_length: int) -> st.SearchStrategy[str]:
    """Names as they come: Chinese with `·`, beyond the basic plane, now and then anything that Unicode has."""
    usual = st.sampled_from(
        ("张三", "买买提·吐尔逊", "㑇𤭢生", "钢筋 1 班", "a:b", 'a"b', "O'Neill", " ", "龙" * max_length)
    )
    anything = st.characters(codec="utf-8").map("张{}".format) | st.characters(codec="utf-8")
    return st.one_of(usual, anything).filter(lambda text: bool(_IS_TEXT.fullmatch(text)))


def values(shape: Shape) -> st.SearchStrategy[Any]:
    """True values of one field."""
    if shape.choices is not None:
        return st.sampled_from(shape.choices)
    if shape.type == "boolean":
        return st.booleans()
    if shape.type == "number":
        return _numbers(shape)
    assert shape.type == "string" and shape.pattern is not None
    if shape.pattern == TEXT_PATTERN:
        return texts(shape.max_length or 20)
    return _BY_PATTERN[shape.pattern]


@cache
def bodies(kind: str) -> st.SearchStrategy[Body]:
    """True bodies of a pushed kind; what is optional is there, null or absent."""
    whole: Any = {**KINDS, **OLD}[kind].whole
    shapes = shapes_of(whole)
    required = {shape.name: values(shape) for shape in shapes if not shape.optional}
    optional = {shape.name: st.none() | values(shape) for shape in shapes if shape.optional}
    made = st.fixed_dictionaries(required, optional=optional)
    if kind == "worker":
        return made.flatmap(_with_true_whole)
    return made.filter(lambda body: not whole.problems(body))


@cache
def lines(kind: str, plain: bool = True) -> st.SearchStrategy[bytes]:
    """Lines of additions as a device writes them: compact, UTF-8. Those that are not `plain` may have spaces and escapes."""
    return st.builds(
        _line,
        kind=st.just(kind),
        body=bodies(kind),
        id=_UUIDS,
        scope=_UUIDS,
        n=st.integers(1, 2**53 - 1),
        prev=st.just("") | st.binary(min_size=32, max_size=32).map(bytes.hex),
        record=_UUIDS,
        wall=_walls(),
        boot=st.none() | st.text("abcxyz0189-:_/", min_size=1, max_size=64),
        up_ms=st.none() | st.integers(0, 2**53 - 1),
        beacon=st.none() | st.text("abcxyz0189-_", min_size=1, max_size=64),
        nulls=st.booleans(),
        needs=st.lists(_UUIDS, max_size=3),
        media=st.lists(_PHOTOS, max_size=1),
        spaced=st.just(False) if plain else st.booleans(),
        ascii_only=st.just(False) if plain else st.booleans(),
    )


@cache
def odd_values() -> st.SearchStrategy[Any]:
    """Values of the wrong type, just out of range, or hostile."""
    odd = [
        None,
        True,
        0,
        -1,
        1,
        36,
        29.9,
        30.0,
        45.0,
        45.1,
        36.55,
        -0.0,
        1e300,
        10**17,
        "",
        " ",
        "36.5",
        "true",
    ]
    texts = [
        "\u3000",
        "a\nb",
        "a\u202eb",
        "x" * 501,
        "2021-02-29",
        "20211201",
        "2021-W01-1",
        "GATE",
        "gate\n",
        "１２３",
    ]
    upper = "01980A1E-1111-7222-8333-444455556666"
    things = [
        *odd,
        *texts,
        upper,
        upper.lower() + "\n",
        [],
        [36.5],
        {},
        {"a": 1},
        "\ue000",
        "a:b",
        'a"b',
        "a\\b",
    ]
    return st.sampled_from(things)


def _numbers(shape: Shape) -> st.SearchStrategy[Any]:
    low, high = shape.low or 0, shape.high or 0
    if any(isinstance(check, Tenths) for check in shape.checks):
        return st.integers(round(low * 10), round(high * 10)).map(
            lambda tenths: tenths / 10
        ) | st.sampled_from((30, 36, 45))
    return st.integers(int(low), int(high)) | st.floats(low, high)


@cache
def certificates(certificate_type: str) -> st.SearchStrategy[str]:
    """Sound numbers of one type."""
    regions = st.integers(100000, 999999)
    if certificate_type == "hmt_residence":
        regions = st.sampled_from((810000, 820000, 830000))
    if certificate_type in ("id_card", "hmt_residence"):
        born = st.dates().map(lambda day: day.isoformat().replace("-", ""))
        first_17 = st.builds("{}{}{:03}".format, regions, born, st.integers(0, 999))
        return first_17.map(lambda text: text + person_check_character(text))
    if certificate_type == "foreign_permanent":
        return st.integers(9 * 10**17, 10**18 - 1).map(str) | st.integers(0, 10**12 - 1).map(
            "AUS{:012}".format
        )
    return st.sampled_from(("E1234", "h12345678", "T" * 20))


def _with_true_whole(body: Body) -> st.SearchStrategy[Body]:
    days = sorted(day for day in (body["entered_on"], body.get("exited_on")) if day is not None)
    exited = {"exited_on": days[-1]} if len(days) == 2 else {}
    return st.sampled_from(CERTIFICATE_TYPES).flatmap(
        lambda name: certificates(name).map(
            lambda number: {
                **body, **exited, "certificate_type": name, "certificate_number": number, "entered_on": days[0],
            }
        )
    )  # fmt: skip


def _walls() -> st.SearchStrategy[str]:
    moments = st.datetimes(min_value=_EARLIEST, max_value=_LATEST)
    zones = st.sampled_from(("Z", "+08:00", "-03:30", "+00:00"))
    return st.builds(lambda moment, zone: moment.isoformat(timespec="milliseconds") + zone, moments, zones)


def _line(
    *, kind: str, body: Body, id: str, scope: str, n: int, prev: str, record: str, wall: str, boot: str | None,
    up_ms: int | None, beacon: str | None, nulls: bool, needs: list[str], media: list[dict[str, Any]],
    spaced: bool, ascii_only: bool,
) -> bytes:  # fmt: skip
    at = {"wall": wall, "boot": boot, "up_ms": up_ms, "beacon": beacon}
    entry = {
        "id": id,
        "scope": f"site:{scope}",
        "n": n,
        "prev": prev,
        "kind": kind,
        "record": id if KINDS[kind].nature == "fact" else record,
        "act": "add",
        "at": at if nulls else {name: value for name, value in at.items() if value is not None},
        "body": body,
        **({"needs": needs} if needs or nulls else {}),
        **({"media": media} if media or nulls else {}),
    }
    separators = (", ", " : ") if spaced else (",", ":")
    return json.dumps(entry, ensure_ascii=ascii_only, separators=separators).encode()
