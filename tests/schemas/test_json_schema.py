"""The JSON Schema says what marshmallow says, as far as it can."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
from hypothesis import given
from hypothesis import strategies as st

from schemas.json_schema import DIALECT
from schemas.kinds import KINDS, all_json_schemas, json_schema, validate_body
from tests.schemas.strategies import PUSHED, bodies, odd_values, texts

VALIDATORS = {name: jsonschema_rs.validator_for(schema) for name, schema in all_json_schemas().items()}
# What JSON Schema cannot say, or ours does not (that a field needs another), by the beginning of the message.
BEYOND = (
    "纬度和经度要么",
    "填写结果时必须",
    "没有这一天",
    "号码",
    "统一社会信用代码的最后一位",
    "退场日期不能早于",
    "15 位身份证",
    "身份证号码",
    "港澳台",
    "外国人",
)


def is_beyond(errors: dict[str, list[str]]) -> bool:
    return all(message.startswith(BEYOND) for messages in errors.values() for message in messages)


def compare(kind: str, body: dict[str, Any]) -> None:
    """JSON Schema accepts what marshmallow accepts, and refuses what it refuses, save what it cannot say."""
    _, code, errors = validate_body(kind, "add", body)
    accepted = VALIDATORS[kind].is_valid(json.loads(json.dumps(body)))
    assert accepted == (code is None or is_beyond(errors)), (body, errors)


@given(kind=st.sampled_from(PUSHED), data=st.data())
def test_both_take_what_is_right(kind: str, data: st.DataObject) -> None:
    body = data.draw(bodies(kind))
    assert validate_body(kind, "add", body)[1] is None
    compare(kind, body)


@given(kind=st.sampled_from(PUSHED), data=st.data())
def test_both_refuse_what_is_wrong(kind: str, data: st.DataObject) -> None:
    body = dict(data.draw(bodies(kind)))
    name = data.draw(st.sampled_from(KINDS[kind].fields) | st.just("extra"))
    if data.draw(st.booleans()):
        body.pop(name, None)
    else:
        body[name] = data.draw(odd_values() | texts(60))
    compare(kind, body)


def test_every_kind_has_one_of_the_named_dialect_that_closes_its_objects() -> None:
    schemas = all_json_schemas()
    assert set(schemas) == set(KINDS)
    for name, schema in schemas.items():
        assert schema["$schema"] == DIALECT
        assert schema["additionalProperties"] is False
        assert tuple(schema["properties"]) == KINDS[name].fields
        jsonschema_rs.meta.validate(schema)


def test_what_comes_down_fits_its_schema() -> None:
    instant, uuid = "2026-11-23T07:41:03.120+08:00", "01980a1e-1111-7222-8333-444455556666"
    examples: dict[str, dict[str, Any]] = {
        "site": {
            "name": "新乡一中东校区",
            "district": "410702",
            "kind": "building",
            "stage": "building",
            "inhabited": True,
            "places": [
                {
                    **{"id": "01980a1e-1111-7222-8333-444455556666", "kind": "canteen", "name": "一食堂"},
                    **{"from": "2026-11-01T08:00:00+08:00", "to": "2026-12-01T08:00:00+08:00"},
                    "earlier": [{"name": "食堂", "until": "2026-11-02T08:00:00+08:00"}],
                }
            ],
            "company": "91110000101623741K",
            "suspended": None,
        },
        "assignment": {"site": uuid, "scope": f"site:{uuid}", "since": instant},
        "duty": {"code": "TEMP-CANTEEN", "name": "食堂测温", "cadence": "每日三次", "source": "上海 2022"},
        "window": {
            "duty": "TEMP",
            "local_date": "2026-11-23",
            "slot": "before_work",
            "opens": instant,
            "due": instant,
            "closes": instant,
            "grace_s": 1800,
            "state": "met",
            "need": 40,
            "have": 40,
            "evidence": uuid,
            "trigger": uuid,
        },
        "flag": {
            "duty": "SILENT",
            "kind": "silent",
            "state": "open",
            "level": 0,
            "unit": "zhian",
            "severity": "ordinary",
            "opened": instant,
            "windows": [uuid],
        },
    }
    for name, body in examples.items():
        assert KINDS[name].whole.validate(body) == {}
        VALIDATORS[name].validate(body)
        assert KINDS[name].whole.validate({**body, "extra": 1})
        assert not VALIDATORS[name].is_valid({**body, "extra": 1})


def test_a_site_with_a_bad_place_is_reported_where() -> None:
    errors = KINDS["site"].whole.validate({"places": [{"kind": "canteen"}, 7]})
    assert {str(index) for index in errors["places"]} == {"0", "1"}


def test_every_field_has_a_title_in_chinese() -> None:
    for name in KINDS:
        for field, said in json_schema(name)["properties"].items():
            assert any("\u4e00" <= character <= "\u9fff" for character in said["title"]), (name, field)
