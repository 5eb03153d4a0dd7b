"""Filters as parameters of the query, and what every parameter says of a wrong value."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate

from schemas.fields import Pattern
from server.models.filters import Filter

ZH: dict[str, Any] = {
    "required": "必填。",
    "null": "不能为空。",
    "invalid": "格式不对。",
    "invalid_utf8": "必须是 UTF-8 文本。",
    "invalid_uuid": "格式不对。",
    "too_large": "超出范围。",
    "type": "格式不对。",
    "unknown": "不认识的参数。",
}


class Holds(validate.Validator):
    """What the value of a filter must be besides its pattern."""

    def __init__(self, one: Filter) -> None:
        self._filter = one

    def __call__(self, value: str) -> str:
        if not self._filter.may_be(value):
            raise ValidationError(self._filter.wrong)
        return value


def parameter(one: Filter) -> fields.String:
    """A filter as a parameter of the query."""
    if not one.words:
        checks = [Pattern(one.pattern, error=one.wrong), *([Holds(one)] if one.holds else [])]
        return fields.String(validate=checks, error_messages=ZH, metadata={"description": one.title})
    wrong = f"{one.title}只能是: {', '.join(one.words)}。"
    known = validate.OneOf(list(one.words), error=wrong)
    return fields.String(validate=known, error_messages=ZH, metadata={"description": one.title})
