"""JSON Schema and OpenAPI of forms: what marshmallow says of each field; what fields say together stays with the
server."""

from __future__ import annotations

from typing import Any

from schemas.fields import Body
from schemas.forms.definition import Form
from schemas.json_schema import document


def body_json_schema(form: Form, whole: Body) -> dict[str, Any]:
    """The JSON Schema of a form's body, as a document of its own."""
    schema = document(form.title, whole)
    for item in form.fields:
        shown = schema["properties"][item.name]
        if item.type == "acknowledge":
            shown["enum"] = [True, None] if "null" in shown["type"] else [True]
        elif "items" in shown:
            shown["uniqueItems"] = True
        if item.unit is not None:
            shown["description"] = f"单位: {item.unit}"
    return schema


def variant(
    name: str, version: int | None, body: dict[str, Any], may_lack_form: bool = False
) -> dict[str, Any]:
    """One sort of addition: its kind, its form's version where it has one, its body."""
    body = {key: value for key, value in body.items() if key != "$schema"}
    properties: dict[str, Any] = {"kind": {"const": name}, "body": body}
    if version is None:
        return {
            "type": "object",
            "properties": properties,
            "required": ["kind", "body"],
            "not": {"required": ["form"]},
        }
    properties["form"] = {"const": version}
    needed = ["kind", "body"] if may_lack_form else ["kind", "form", "body"]
    return {"type": "object", "properties": properties, "required": needed}
