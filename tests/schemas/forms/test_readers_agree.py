"""Whatever form is accepted, its two readers agree on any body, and JSON Schema accepts what they accept."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas.book import form_book
from schemas.forms.conditions import Context
from schemas.forms.definition import Form, read, written
from schemas.forms.json_schema import body_json_schema
from schemas.forms.kind import FormKind
from schemas.forms.validate import validate_form_body
from tests.schemas.forms.made_forms import HASHES, bodies, forms

CONTEXTS = st.builds(
    Context,
    today=st.sampled_from((None, "2021-12-01", "2022-01-01")),
    rule=st.sampled_from(({"limit": 37.3}.get, {}.get)),
    media=st.sampled_from((None, frozenset(HASHES), frozenset(HASHES[:2]))),
)


def text(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


@given(form=forms(), context=CONTEXTS, data=st.data())
def test_the_fast_reader_accepts_what_the_strict_one_accepts_with_equal_values(
    form: Form, context: Context, data: st.DataObject
) -> None:
    kind = FormKind(form)
    for _ in range(3):
        body = data.draw(bodies(form))
        strict = validate_form_body(kind, "add", body, context)
        fast = kind.fast.read(text(body), context)
        assert (fast is None) == (strict.clean is None), (body, strict)
        if fast is not None:
            found = msgspec.to_builtins(fast[0])
            assert {name: value for name, value in found.items() if value is not None} == strict.clean


@given(form=forms(), context=CONTEXTS, data=st.data())
def test_a_refusal_has_a_code_and_says_where_and_why_in_chinese(
    form: Form, context: Context, data: st.DataObject
) -> None:
    body = data.draw(bodies(form))
    verdict = validate_form_body(FormKind(form), "add", body, context)
    assert (
        (verdict.clean is None) == (verdict.code in ("body_invalid", "server_owned")) == bool(verdict.errors)
    )
    for pointer, messages in verdict.errors.items():
        assert pointer.startswith("/body/") and messages
        assert all(any("\u4e00" <= character <= "\u9fff" for character in message) for message in messages)


@given(form=forms(), data=st.data())
def test_json_schema_accepts_what_is_accepted_and_is_sound(form: Form, data: st.DataObject) -> None:
    kind = FormKind(form)
    schema = body_json_schema(form, kind.whole)
    jsonschema_rs.meta.validate(schema)
    body = data.draw(bodies(form))
    if validate_form_body(kind, "add", body).clean is not None:
        assert jsonschema_rs.validator_for(schema).is_valid(json.loads(text(body)))


@given(form=forms())
def test_any_accepted_form_survives_its_json_and_stands_in_the_schema_of_entries(form: Form) -> None:
    assert read(written(form)) == form
    variants = form_book([form]).variants()["oneOf"]
    assert any(one["properties"].get("form") == {"const": form.version} for one in variants)
    jsonschema_rs.meta.validate(
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "oneOf": variants}
    )
