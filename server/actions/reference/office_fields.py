"""The fields of the rows that an office writes itself, as forms ask for them; read out of the rows' own declarations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from schemas.limits import LABEL_MAX, RULE_MAX
from schemas.paper_rows import ISSUERS, PAGES, POWERS, WRITERS
from schemas.reference import row_shape
from schemas.shapes import Shape, shapes_of
from server.actions.reference.check_codes import wrong
from server.actions.reference.name_codes import Names
from server.actions.reference.office_rows import first_row
from server.models.site import STAGES
from server.rules.flags.words import SEVERITIES
from server.rules.rosters.fields import FIELDS as OF_PERSON

Asks = Literal["text", "lines", "number", "choice", "codes", "yes"]
TITLES: Mapping[str, str] = {
    "duties": "职责",
    "site_kinds": "地点类型",
    "place_kinds": "场所类型",
    "units": "科室",
    "report_lines": "报备电话",
    "bureau_facts": "本局情况",
    "number_series": "文号",
    "officers": "执法人员",
    "paper_kinds": "文书模板",
    "bases": "文书依据",
    "remedies": "救济告知",
    "paper_pages": "文书版式",
}
_OF_EVERY_ROW = ("code", "source", "mark", "planned", "from", "to")
# Fields whose codes are those of other rows, by the noun of these.
_LISTED = {
    **{"unit": "units", "site_kinds": "site_kinds", "places": "place_kinds", "goes_on": "place_kinds"},
    **{"evidence": "kinds", "district": "districts", "duties": "duties"},
}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "judging": {
        **{"log": "每个时段一次", "coverage": "在场人员全部", "event": "事后限时", "state": "截止时的状态"},
        **{"period": "每个周期一次", "document": "始终有效的文件", "telemetry": "设备上报", "none": "不判定"},
    },
    "rests": {"official": "周末和节假日", "holidays": "节假日", "never": "不休"},
    "staff": {"": "全部", "canteen": "食堂人员"},
    "stages": STAGES,
    "severity": SEVERITIES,
    "page": PAGES,
    "issuer": ISSUERS,
    "power": POWERS,
    "writers": WRITERS,
    "worker_optional": OF_PERSON,
    "worker_required": OF_PERSON,
}
LINES_MAX = 30_000
_LINES_HINT = "一行一段; # 小标题, > 不缩进, ? 缺项时整段不印; [facts place] 表格, {site} 填入的内容"
_SLOTS_HINT = "如 morning@06:00-10:00+30: 代码@开始-截止+宽限分钟; 用空格隔开"


@dataclass(frozen=True, slots=True)
class OfficeField:
    """One field. `noun`: its codes are those of these rows; `words`: its codes, with their words."""

    name: str
    title: str
    asks: Asks
    required: bool = True
    max_length: int = LABEL_MAX
    noun: str | None = None
    words: Mapping[str, str] | None = None
    hint: str = ""


def fields_of(noun: str) -> tuple[OfficeField, ...]:
    """The fields that an office may set in such rows, apart from dates and sources, which every row has."""
    usual = first_row(noun, "")
    found = [
        replace(field, required=field.required and field.name not in usual)
        for shape in shapes_of(row_shape(noun))
        if shape.name not in _OF_EVERY_ROW and (field := _field(shape)) is not None
    ]
    slots = OfficeField("slots", "时段", "text", False, RULE_MAX, hint=_SLOTS_HINT)
    return (*found, slots) if noun == "duties" else tuple(found)


def read_changes(noun: str, given: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody typed, as members of a row: those only that differ from `before`. `given`: text by field, of a list of
    codes all that were chosen. Raises Problem 422."""
    changes: dict[str, Any] = {}
    for field in fields_of(noun):
        value = _value(field, given.get(field.name))
        if value is None and field.required and field.name not in before:
            raise wrong(field.name, f"请填写{field.title}。")
        if value is not None and value != before.get(field.name, _nothing(field)):
            changes[field.name] = value
    return changes


def shown_value(names: Names, field: OfficeField, value: Any) -> str:
    """A field's value in words."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if field.asks == "lines":
        return " ⏎ ".join(value or ())
    if field.asks not in ("codes", "choice"):
        return str("" if value is None else value)
    codes = value if isinstance(value, list) else [value or ""]
    words = dict(options_of(names, field))
    return "、".join(words.get(code, code) for code in codes)


def options_of(names: Names, field: OfficeField) -> list[tuple[str, str]]:
    """What a list offers: (code, word)."""
    if field.words is not None:
        return list(field.words.items())
    if field.noun == "kinds":
        kinds = [(name, names.kind(name)) for name in names.kinds if names.kinds.kinds[name].acts]
        return [("", "不要求记录"), *kinds]
    return names.all(field.noun) if field.noun is not None else []


def _field(shape: Shape) -> OfficeField | None:
    """None for a field that has no plain form."""
    noun, words = _LISTED.get(shape.name), _WORDS.get(shape.name)
    chosen = shape.choices or (shape.item.choices if shape.item is not None else None)
    if chosen is not None:
        words = {code: (words or {}).get(code, code) for code in chosen}
    said = (shape.name, shape.title)
    if shape.type == "boolean":
        return OfficeField(*said, "yes", required=False)
    if shape.type == "array" and (noun or words):
        return OfficeField(*said, "codes", False, noun=noun, words=words)
    if shape.type == "array" and shape.item is not None and shape.item.type == "string":
        hint = _LINES_HINT if shape.name == "lines" else "一行一项"
        return OfficeField(
            *said, "lines", not shape.optional and bool(shape.min_length), LINES_MAX, hint=hint
        )
    if shape.type == "integer":
        return OfficeField(*said, "number", not shape.optional, 4)
    if shape.type == "string" and (noun or words):
        return OfficeField(*said, "choice", not shape.optional, noun=noun, words=words)
    if shape.type == "string":
        return OfficeField(*said, "text", not shape.optional, shape.max_length or LABEL_MAX)
    return None


def _value(field: OfficeField, given: Any) -> Any:
    """A field as it is in a row; None for a text that says nothing."""
    if field.asks == "yes":
        return given == "1"
    if field.asks == "codes":
        return [str(code) for code in given or ()]
    text = str(given or "").strip()
    if field.asks == "lines":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if field.asks == "number":
        return int(text) if text.isdecimal() else (text or None)
    return text if text or field.asks == "choice" else None


def _nothing(field: OfficeField) -> Any:
    return {"yes": False, "codes": [], "lines": []}.get(field.asks)
