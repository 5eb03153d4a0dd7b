"""Fills in any form as a person would: what is asked is answered, what is hidden is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.book import FormBook
from schemas.forms.conditions import Context
from schemas.forms.definition import Form, Item

PHOTO = "a" * 64
AREA = "410100"
_TEXTS = {"phone": "13900000001", "plate": "豫G12345", "credit_code": "91410700MA40000A10"}
_TRIES = 8


def filled(book: FormBook, form: Form, today: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """A body that the form takes, with no more than it asks for. `known`: values by field, where any other would be
    wrong."""
    context = Context(today, lambda code: book.number(code, today), frozenset({PHOTO}))
    answers = {item.name: _answer(form, item, today) for item in form.items if item.is_field}
    answers |= {name: value for name, value in known.items() if name in answers or name == "place_id"}
    body = {
        item.name: answers[item.name] for item in form.items if item.is_field and item.required is not False
    }
    body |= {name: answers[name] for name in known if name in answers}
    for _ in range(_TRIES):
        verdict = book.validate(form.code, "add", body, form.version, context)
        wrong = {pointer.split("/")[2] for pointer in verdict.errors if pointer.count("/") >= 2}
        if not wrong:
            return body
        for name in wrong:
            if name in body:
                del body[name]
            else:
                body[name] = answers[name]
    raise AssertionError((form.code, body, verdict.errors))


def _answer(form: Form, item: Item, today: str) -> Any:
    match item.type:
        case "text":
            return _TEXTS.get(item.pattern or "", "某某")
        case "integer" | "decimal":
            return item.low if item.low is not None else 1
        case "date":
            return today
        case "time":
            return "08:00"
        case "dateTime":
            return f"{today}T08:00:00+08:00"
        case "select_one":
            return form.lists[item.list or ""][0].name
        case "select_multiple":
            return [form.lists[item.list or ""][0].name]
        case "image" | "file":
            return [PHOTO]
        case "select_one_from_file" if item.file == "areas":
            return AREA
    return None
