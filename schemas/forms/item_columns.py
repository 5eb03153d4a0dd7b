"""The columns of one row of the survey, by its type: which it may have, and how they are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from schemas.expressions.check import Tree
from schemas.expressions.moments import is_date, is_time, micros_of
from schemas.forms import limits
from schemas.forms.rows import Row

_SHOWN = ("hint", "relevant")
_FILLED = (
    *(*_SHOWN, "required", "required_message", "constraint", "constraint_message"),
    *("bind::gongdi:role", "bind::gongdi:keep", "bind::gongdi:to"),
)
_NUMERIC = (*_FILLED, "default", "bind::gongdi:unit")
# The columns that each type may have, besides type, name and label.
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "text": (*_FILLED, "default", "bind::gongdi:max", "bind::gongdi:pattern", "bind::gongdi:mask"),
    "integer": _NUMERIC,
    "decimal": (*_NUMERIC, "bind::gongdi:decimals"),
    **dict.fromkeys(("date", "time", "dateTime", "select_one", "select_multiple"), (*_FILLED, "default")),
    **dict.fromkeys(("acknowledge", "geopoint"), _FILLED),
    "image": (*_FILLED, "parameters", "bind::gongdi:max"),
    "file": (*_FILLED, "bind::gongdi:max"),
    "select_one_from_file": (*_FILLED, "choice_filter"),
    "note": _SHOWN,
    "calculate": ("relevant", "calculation"),
    "begin_group": ("relevant",),
    "end_group": (),
}
# What a field must be to have a role: a type, or the list that it is chosen from (`record`: of a kind of records).
ROLES_OF: Mapping[str, tuple[str, ...]] = {
    "place": ("places", "select_one"),
    "worker": ("workers",),
    "parent": ("record",),
    "slot": ("select_one",),
    "amount": ("integer", "decimal"),
    **dict.fromkeys(("started", "ended"), ("time", "dateTime")),
    **dict.fromkeys(("valid_from", "valid_to"), ("date",)),
    "result": ("select_one", "integer", "decimal", "acknowledge"),
    "point": ("geopoint",),
    "seen": ("integer",),
}
_ROLE_NAMES = tuple(ROLES_OF)
_PATTERNS = ("phone", "plate", "credit_code", "report_number")
_FILTER = re.compile(r"\s*kind\s*=\s*(?:'([^']*)'|\"([^\"]*)\")\s*")


def read_columns(row: Row, kind: str, allows_any: bool) -> dict[str, Any]:
    """The members of an item that its own cells decide."""
    mine = "bind::gongdi:"
    members: dict[str, Any] = {
        "hint": row.words("hint"),
        "to": row.day(f"{mine}to"),
        "keep": row.yes(f"{mine}keep"),
    }
    members["role"] = row.one_of(f"{mine}role", _ROLE_NAMES)
    if kind == "text":
        members["max"] = row.whole(f"{mine}max", 1, limits.TEXT_MAX) or limits.TEXT_DEFAULT
        members["pattern"] = row.one_of(f"{mine}pattern", _PATTERNS)
        members["mask"] = row.one_of(f"{mine}mask", ("name", "phone", "certificate"))
    elif kind in ("image", "file"):
        members["max"] = row.whole(f"{mine}max", 1, limits.PHOTOS_MAX) or limits.PHOTOS_DEFAULT
        members["max_pixels"] = _pixels(row) if kind == "image" else None
    elif kind in ("integer", "decimal"):
        unit = row.sentence(f"{mine}unit", 20)
        members.update(unit=unit, low=-(10**9), high=10**9, decimals=_decimals(row, kind, allows_any))
    elif kind == "select_one_from_file":
        members["kinds"] = _kinds(row)
    if kind in ("text", "integer", "decimal", "date", "time", "dateTime", "select_one", "select_multiple"):
        members["default"] = _default(row, kind)
    return {name: value for name, value in members.items() if value is not None and value is not False}


def _decimals(row: Row, kind: str, allows_any: bool) -> Any:
    if kind == "integer":
        return None
    if row.text("bind::gongdi:decimals") == "any" and allows_any:
        return "any"
    decimals = row.whole("bind::gongdi:decimals", 0, limits.DECIMALS_MAX)
    return limits.DECIMALS_DEFAULT if decimals is None else decimals


def _pixels(row: Row) -> int | None:
    text = row.text("parameters")
    if text is None:
        return None
    found = re.fullmatch(r"max-pixels\s*=\s*([0-9]{1,5})", text)
    if found is None or not limits.PIXELS_MIN <= int(found[1]) <= limits.PIXELS_MAX:
        row.fault(
            "parameters",
            "bad_value",
            f"只能写 max-pixels=N, N 在 {limits.PIXELS_MIN} 到 {limits.PIXELS_MAX} 之间。",
        )
        return None
    return int(found[1])


def _kinds(row: Row) -> tuple[str, ...]:
    text = row.text("choice_filter")
    found = [_FILTER.fullmatch(part) for part in re.split(r"\bor\b", text)] if text is not None else []
    kinds = tuple(one[1] or one[2] or "" for one in found if one is not None)
    if len(kinds) < len(found) or "" in kinds or len(set(kinds)) < len(kinds):
        row.fault("choice_filter", "bad_filter", "筛选只能写 kind = 'x', 几种之间用 or。")
        return ()
    return kinds


def _default(row: Row, kind: str) -> Any:
    text = row.text("default")
    if text is None:
        return None
    if text == "today()" and kind == "date":
        return ["today"]
    checks: dict[str, Any] = {"date": is_date, "time": is_time, "dateTime": micros_of}
    if kind in ("integer", "decimal"):
        if re.fullmatch(r"-?[0-9]{1,10}" if kind == "integer" else r"-?[0-9]{1,10}(\.[0-9]{1,9})?", text):
            return float(text) if "." in text else int(text)
    elif kind not in checks:
        return row.sentence("default")  # whether a list has it is seen where the list is known
    elif checks[kind](text):
        return text
    row.fault("default", "bad_value", "默认值应是这一项能填写的值, 日期还可以写 today()。")
    return None


def split_bounds(constraint: Tree | None, members: Mapping[str, Any]) -> tuple[dict[str, Any], Tree | None]:
    """From where to where a number may go, taken out of its constraint, as bounds: JSON Schema and the compiled reader know
    them. Only where a comparison in an expression says the same as one of the number itself; and all of the constraint
    or nothing, so that its message stays right, save for numbers of any decimals, which are not compared in expressions."""
    if constraint is None or "low" not in members:
        return {}, constraint
    decimals = members.get("decimals", 0)
    found: dict[str, Any] = {}
    rest = []
    for part in constraint[1:] if constraint[0] == "and" else (constraint,):
        name = _bound(part)
        if name is None or name in found:
            rest.append(part)
        else:
            found[name] = part[3][1]
    if decimals == "any":
        return found, ("and", *rest) if len(rest) > 1 else rest[0] if rest else None
    return (found, None) if not rest and decimals <= limits.COMPARED_DECIMALS else ({}, constraint)


def _bound(part: Tree) -> str | None:
    """Which bound a comparison is; None for anything else."""
    if part[0] not in (">=", "<=") or part[1:3] != ("number", ("self", "number")) or part[3][0] != "number":
        return None
    value = part[3][1]
    is_exact = round(value, limits.COMPARED_DECIMALS) == value and abs(value) <= 10**9
    return ("low" if part[0] == ">=" else "high") if is_exact else None
