"""What the app must know to fill in forms: the checks of values.

In a file of its own, because the first screen needs none of it. Forms come down in scope `ref`."""

from __future__ import annotations

import json
from typing import Any

from schemas import limits
from schemas.forms.body_schema import body_schema
from schemas.forms.definition import Form, Item
from schemas.forms.surroundings import ONCE_CODE
from schemas.shapes import Shape, shapes_of
from server.field_app.contracts import check_of

# By the name of each check, an item whose value must pass it.
_SAMPLES = (
    *(Item("text", "text", "", max=1), Item("date", "date", ""), Item("time", "time", "")),
    *(Item("text", name, "", pattern=name) for name in ("phone", "plate", "credit_code", "report_number")),
    *(Item("dateTime", "dateTime", ""), Item("image", "hash", "")),
    *(Item("select_one_from_file", name, "", file=name) for name in ("workers", "areas", "items")),
)


def form_contracts() -> dict[str, Any]:
    """Plain values."""
    return {
        "once_code": list(ONCE_CODE),
        "checks": _checks(),
        "limits": {"accuracy_m": limits.ACCURACY_M_MAX},
    }


def form_contracts_json() -> str:
    return json.dumps(form_contracts(), ensure_ascii=False, indent=1)


def _checks() -> dict[str, list[dict[str, Any]]]:
    """By type or pattern, what a text must be, whatever its field says of itself."""
    form = Form("sample", 1, "", "fact", "P", "", "2021-12-01", (), (), _SAMPLES)
    schema = body_schema(form)()
    found: dict[str, list[dict[str, Any]]] = {}
    for shape, field in zip(shapes_of(schema), schema.fields.values(), strict=True):
        inner: Any = getattr(field, "inner", field)
        of: Shape = shape.item or shape
        checks = [check_of(of, validator) for validator in inner.validators]
        found[shape.name] = [check for check in checks if check["rule"] != "length"]
    return found
