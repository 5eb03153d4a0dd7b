"""The marshmallow schema of a form's body: what each field is by itself. What fields say together is in conditions.py."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate

from schemas import limits
from schemas.certificates import PHONE_PATTERN
from schemas.fields import (
    Body,
    choice,
    coded,
    company_code,
    day,
    instant,
    listed,
    many,
    matching,
    nested,
    number,
    text,
    uuid,
    whole,
    yes_no,
)
from schemas.forms.definition import Form, Item
from schemas.forms.surroundings import ONCE_CODE
from schemas.places import place_id
from schemas.privacy import OPEN, Privacy

TIME_PATTERN = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
HASH_PATTERN = "^[0-9a-f]{64}$"
AREA_PATTERN = "^[0-9]{6}([0-9]{3})?$"
# GA 36-2018: a province, a letter, five or six signs without I and O; the last may say what the vehicle is for.
PLATE_PATTERN = (
    "^[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领]"
    "[A-HJ-NP-Z][A-HJ-NP-Z0-9]{4,5}[A-HJ-NP-Z0-9挂学警港澳]$"
)
REPORT_PATTERN = "^[A-Za-z0-9][A-Za-z0-9/()-]{3,39}$"
_PATTERNS = {
    "phone": (PHONE_PATTERN, "手机号应为 1 开头的 11 位数字, 不带 +86、空格和横线。"),
    "plate": (PLATE_PATTERN, "车牌号应写成 豫G12345 的样子, 字母大写, 不带点和空格。"),
    "report_number": (REPORT_PATTERN, "报告编号应为 4 到 40 位字母、数字、横线、斜线或括号。"),
}
_SUBJECTS = ("place", "worker", "parent", "slot")
# Which field a record is about where no role says it: of a kind that was code before.
_ROLES_BEFORE = {("supply_movement", "item"): "item"}
_MASKS = {"name": Privacy("whole"), "phone": Privacy("phone"), "certificate": Privacy("certificate")}


class Decimals(validate.Validator):
    """At most so many decimals. A double that is nearest to such a number counts as that number."""

    def __init__(self, most: int) -> None:
        self.most = most

    def __call__(self, value: float) -> float:
        if round(value, self.most) != value:
            raise ValidationError(f"最多保留 {self.most} 位小数。" if self.most else "应为整数, 不带小数。")
        return value


class IsTrue(validate.Validator):
    """A confirmation, which is never `false`."""

    def __call__(self, value: bool) -> bool:
        if not value:
            raise ValidationError("确认项只能是 true, 没有确认就不要填写。")
        return value


class Distinct(validate.Validator):
    """An array that repeats nothing."""

    def __call__(self, value: list[Any]) -> list[Any]:
        if len(set(value)) < len(value):
            raise ValidationError("有重复的, 每个只写一次。")
        return value


class PointBody(Body):
    """Where the tablet was (WGS 84)."""

    latitude_deg = number("纬度", -90, 90)
    longitude_deg = number("经度", -180, 180)
    accuracy_m = number("定位误差 (m)", 0, limits.ACCURACY_M_MAX)


def body_schema(form: Form) -> type[Body]:
    """The class of a form's bodies. Names that are words of Python (`from`) are fields as any other."""
    made = {item.name: _declared(form, item) for item in form.fields}
    meta = type("Meta", (Body.Meta,), {"include": made})
    return type(f"{form.code}_{form.version}", (Body,), {"Meta": meta})


def _declared(form: Form, item: Item) -> fields.Field[Any]:
    """A field with all that lists and pages ask of it, as schemas/fields.py: Said has it for kinds in code."""
    made = _field(form, item)
    role = _ROLES_BEFORE.get((form.code, item.name), item.role if item.role in _SUBJECTS else None)
    said = {
        "role": role,
        "refers": _refers(item),
        "words": _words(form, item) if item.type == "select_multiple" else None,
        "privacy": _MASKS[item.mask] if item.mask is not None else OPEN if form.sealed else None,
    }
    made.metadata = {**made.metadata, **{name: value for name, value in said.items() if value is not None}}
    return made


def _refers(item: Item) -> str | None:
    """The kind of records whose id the field holds."""
    if item.role == "parent":
        return item.file
    return "worker" if item.file == "workers" else None


def _words(form: Form, item: Item) -> dict[str, str]:
    return {choice.name: choice.label for choice in form.lists[item.list or ""]}


def _field(form: Form, item: Item) -> fields.Field[Any]:
    """A field by itself. It is optional unless it must be there whatever the others hold."""
    optional = item.required is not True or item.relevant is not None or _group_hides(form, item)
    title = item.label
    match item.type:
        case "text":
            return _text(item, optional)
        case "integer" | "decimal":
            return _number(item, optional)
        case "date":
            return day(title, optional=optional)
        case "time":
            return matching(title, TIME_PATTERN, "应为 07:30 样子的时刻。", optional=optional)
        case "dateTime":
            return instant(title, optional=optional)
        case "acknowledge":
            return _checked(yes_no(title, optional=optional), IsTrue())
        case "geopoint":
            return nested(title, PointBody, optional=optional)
        case "select_one" if item.list == "place" and form.code in ONCE_CODE:
            return listed(title, "place_kinds", optional=optional)  # which kinds of places there are is data
        case "select_one":
            return choice(title, _words(form, item), optional=optional)
        case "select_multiple":
            words = _words(form, item)
            return _several(title, choice("", words), len(words), optional)
        case "image" | "file":
            hash_ = matching("", HASH_PATTERN, "应为附件的 SHA-256 (64 位小写十六进制)。")
            return _several(title, hash_, item.max or 1, optional)
    return _chosen(item, optional)


def _group_hides(form: Form, item: Item) -> bool:
    return any(
        one.name == item.group and one.relevant is not None for one in form.items if one.type == "group"
    )


def _text(item: Item, optional: bool) -> fields.Field[Any]:
    if item.pattern == "credit_code":
        return company_code(item.label, optional=optional)
    if item.pattern is not None:
        return matching(item.label, *_PATTERNS[item.pattern], optional=optional)
    return text(item.label, item.max or 0, optional=optional)


def _number(item: Item, optional: bool) -> fields.Field[Any]:
    low, high = item.low or 0, item.high or 0
    if item.type == "integer":
        made: fields.Field[Any] = whole(item.label, int(-(-low // 1)), int(high // 1), optional=optional)
    else:
        made = number(item.label, low, high, optional=optional, tenths=item.decimals == 1)
        if isinstance(item.decimals, int) and item.decimals != 1:
            made = _checked(made, Decimals(item.decimals))
    if item.constraint is None and item.constraint_message is not None:
        for check in made.validators:
            if isinstance(check, validate.Range):
                check.error = item.constraint_message
    return made


def _several(title: str, item: fields.Field[Any], most: int, optional: bool) -> fields.Field[Any]:
    made = many(title, item, most, min_length=1, optional=optional)
    made.validators[0].error = f"应有 1 到 {most} 项。"  # type: ignore[attr-defined]
    return _checked(made, Distinct())


def _chosen(item: Item, optional: bool) -> fields.Field[Any]:
    """An id or a code from a list that is not the form's."""
    if item.file == "items":
        return coded(item.label, optional=optional)
    if item.file == "areas":
        return matching(item.label, AREA_PATTERN, "应为 6 位或 9 位行政区划代码。", optional=optional)
    if item.file == "places":
        return place_id(item.label, optional=optional)
    return uuid(item.label, optional=optional)


def _checked(made: fields.Field[Any], check: validate.Validator) -> fields.Field[Any]:
    made.validators.append(check)
    return made
