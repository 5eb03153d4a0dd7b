"""The sheet `survey`: fields, notes, calculations and groups, in their order."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from schemas.expressions.check import Known, Tree, Type
from schemas.expressions.evaluate import names_in
from schemas.forms.columns import spoken
from schemas.forms.definition import Item, conditions_of
from schemas.forms.faults import Fault
from schemas.forms.item_columns import ALLOWED, ROLES_OF, read_columns, split_bounds
from schemas.forms.limits import FIELDS_MAX
from schemas.forms.lists import Lists
from schemas.forms.rows import Row, rows_of
from schemas.forms.surroundings import Surroundings
from schemas.forms.tables import Table
from schemas.kind import SERVER_ONLY

NAME = "[a-z][a-z0-9_]{0,31}"
# What an entry and the server's own members are called.
RESERVED = SERVER_ONLY | {
    *(
        "id",
        "scope",
        "n",
        "prev",
        "kind",
        "record",
        "act",
        "at",
        "body",
        "base",
        "amends",
        "reason",
        "needs",
        "media",
    ),
    *("form", "wall", "boot", "up_ms", "beacon", "observed", "wall_ms"),
}
_TYPES = {
    **{
        "text": "text",
        "integer": "number",
        "decimal": "number",
        "date": "date",
        "time": "time",
        "dateTime": "instant",
    },
    **{
        "select_one": "choice",
        "select_multiple": "choices",
        "acknowledge": "ack",
        "geopoint": "any",
        "image": "any",
    },
    **{"file": "any", "select_one_from_file": "any"},
}
_COLUMNS = frozenset(column for columns in ALLOWED.values() for column in columns)
_TEXTUAL_FILES = ("items", "areas")
_SPACED = {"begin group": "begin_group", "end group": "end_group"}


@dataclass
class Survey:
    """What has been read so far. `types`: of the fields and calculations; `pending`: names that are still to come,
    which nothing above may refer to."""

    items: list[Item] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)
    types: dict[str, Type] = field(default_factory=dict)
    pending: list[str] = field(default_factory=list)
    roles: dict[str, str] = field(default_factory=dict)
    group: str | None = None


def compile_survey(
    table: Table | None,
    lists: Lists,
    nature: str,
    allows_any: bool,
    around: Surroundings,
    faults: list[Fault],
) -> Survey:
    survey = Survey()
    rows = list(rows_of(table, faults))
    survey.pending = [row.text("name") or "" for row in rows]
    begun: Row | None = None
    for row in rows:
        survey.pending = survey.pending[1:]
        kind, _, detail = (row.needed("type", "类型")).partition(" ")
        kind = _SPACED.get(f"{kind} {detail}", kind)
        if kind == "end_group":
            _end_group(survey, row)
            begun = None
        elif kind == "begin_group":
            begun = row
            _begin_group(survey, row, around)
        elif kind in ALLOWED:
            _add(_Source(kind, detail.strip(), row), survey, lists, allows_any, around)
        elif kind:
            row.fault("type", "unknown_type", f"没有类型“{kind[:40]}”。")
    if begun is not None:
        begun.fault("type", "open_group", "这一组没有 end_group。")
    if table is not None and not any(item.is_field for item in survey.items) and not faults:
        faults.append(Fault("survey", None, None, None, "no_fields", "表单里没有要填写的项。"))
    if nature == "register":
        _check_register(survey)
    return survey


@dataclass(frozen=True)
class _Source:
    """A row whose type is known: `detail` names the list or file that it chooses from."""

    kind: str
    detail: str
    row: Row


def _known(survey: Survey, around: Surroundings, own: Type | None = None, name: str = "") -> Known:
    return Known(survey.types, later=(*survey.pending, name), own=own, rules=around.rules)


def _name(row: Row, survey: Survey, *, on_wire: bool) -> str:
    name = row.needed("name", "名称")
    if name and re.fullmatch(NAME, name) is None:
        row.fault("name", "bad_name", "名称应以小写字母开头, 只用小写字母、数字和 _, 最多 32 个字符。")
    elif on_wire and name in RESERVED:
        row.fault("name", "reserved_name", f"“{name}”是系统自己用的名称, 请换一个。")
    elif name in survey.rows:
        row.fault("name", "duplicate_name", f"名称“{name}”重复。")
    return name


def _begin_group(survey: Survey, row: Row, around: Surroundings) -> None:
    if survey.group is not None:
        row.fault("type", "nested_group", "组里不能再有组。")
    name = _name(row, survey, on_wire=False)
    _check_columns(row, "begin_group")
    relevant = row.condition("relevant", _known(survey, around, name=name))
    item = Item("group", name, row.label(needed=True), relevant=relevant, words=row.other_words())
    survey.items.append(item)
    survey.rows.setdefault(name, row)
    survey.group = name


def _end_group(survey: Survey, row: Row) -> None:
    _check_columns(row, "end_group")
    if survey.group is None:
        row.fault("type", "no_group", "这里没有要结束的组。")
    survey.group = None


def _add(source: _Source, survey: Survey, lists: Lists, allows_any: bool, around: Surroundings) -> None:
    kind, row = source.kind, source.row
    name = _name(row, survey, on_wire=kind not in ("note", "calculate"))
    _check_columns(row, kind)
    members: dict[str, Any] = {"group": survey.group, **read_columns(row, kind, allows_any)}
    type_ = _type(source, lists, around, members)
    known = _known(survey, around, name=name)
    members["relevant"] = row.condition("relevant", known)
    if kind == "calculate":
        row.needed("calculation", "公式")
        compiled = row.calculation("calculation", known)
        type_ = Type("unknown")
        if compiled is not None:
            type_ = Type(compiled[0].name, compiled[0].choices, calculated=True)
            members.update(calculation=compiled[1], gives=type_.name)
            if type_.name in ("bool", "choices", "any"):
                row.fault(
                    "calculation",
                    "type_mismatch",
                    "公式的结果应是数字、文字、日期或时间; 判断请写在 relevant 里。",
                )
    elif kind != "note":
        _read_conditions(row, survey, around, type_, members)
    item = Item(kind, name, row.label(needed=kind != "calculate"), words=row.other_words(), **members)  # type: ignore[arg-type]
    _check_role(row, item, survey)
    survey.items.append(item)
    survey.rows.setdefault(name, row)
    if kind != "note":
        survey.types.setdefault(name, type_)
    if sum(one.is_field for one in survey.items) == FIELDS_MAX + 1:
        row.fault("name", "too_many_fields", f"一张表单最多 {FIELDS_MAX} 项。")


def _read_conditions(
    row: Row, survey: Survey, around: Surroundings, type_: Type, members: dict[str, Any]
) -> None:
    name = row.text("name") or ""
    required = row.text("required") or "no"
    known = _known(survey, around, name=name)
    members["required"] = {"yes": True, "no": False}.get(required) if required in ("yes", "no") else None
    if members["required"] is None:
        members["required"] = row.condition("required", known) or False
    constraint: Tree | None = row.condition("constraint", _known(survey, around, type_, name))
    bounds, members["constraint"] = split_bounds(constraint, members)
    members.update(bounds)
    for which in ("required_message", "constraint_message"):
        members[which] = row.words(which)


def _check_columns(row: Row, kind: str) -> None:
    """A column that says nothing for such a row would be ignored, so it is refused. A column that no row may have is
    refused once, by its title."""
    for header, _ in row.given():
        named = spoken(header)
        what = named[0] if named is not None else header
        if what in _COLUMNS and what not in ("type", "name", "label", *ALLOWED[kind]):
            row.fault(header, "not_for_type", f"类型 {kind} 不能填写这一列, 请清空。")


def _type(source: _Source, lists: Lists, around: Surroundings, members: dict[str, Any]) -> Type:
    """The type in expressions; the list or file is put into the item's members."""
    kind, detail, row = source.kind, source.detail, source.row
    if kind in ("select_one", "select_multiple"):
        if detail not in lists.choices:
            row.fault("type", "unknown_list", f"choices 表里没有选项列表“{detail[:40]}”。")
            return Type("unknown")
        members["list"] = detail
        names = tuple(choice.name for choice in lists.choices[detail])
        default = members.get("default")
        if default is not None:
            chosen = [default] if kind == "select_one" else default.split()
            members["default"] = default if kind == "select_one" else chosen
            if not set(chosen) <= set(names):
                row.fault("default", "unknown_choice", f"选项里没有“{default[:40]}”。")
        return Type(_TYPES[kind], names)
    if kind == "select_one_from_file":
        return _file(source, around, members)
    if detail:
        row.fault("type", "unknown_type", f"类型 {kind} 后面不能有“{detail[:40]}”。")
    return Type(_TYPES.get(kind, "any"))


def _file(source: _Source, around: Surroundings, members: dict[str, Any]) -> Type:
    row, (file, _, ending) = source.row, source.detail.partition(".")
    is_known = file in ("places", "workers", *_TEXTUAL_FILES) or (
        re.fullmatch(NAME, file) is not None and (around.kinds is None or file in around.kinds)
    )
    if ending != "csv" or not is_known:
        row.fault(
            "type",
            "unknown_file",
            f"没有名单“{source.detail[:40]}”。可用 places.csv、workers.csv、items.csv、areas.csv 或 记录种类.csv。",
        )
        return Type("unknown")
    members["file"] = file
    if file == "places" and row.text("name") != "place_id":
        row.fault("name", "place_id", "选择场所的项名称应为 place_id。")
    if file == "places" and row.text("bind::gongdi:role") != "place":
        row.fault("bind::gongdi:role", "bad_role", "选择场所的项 role 应为 place。")
    if file not in ("places", "workers", *_TEXTUAL_FILES) and row.text("bind::gongdi:role") != "parent":
        row.fault("bind::gongdi:role", "bad_role", "选择一条记录的项 role 应为 parent。")
    if members.get("kinds") and file != "places":
        row.fault("choice_filter", "not_for_type", "只有选择场所时可以筛选。")
    unknown = (
        []
        if around.place_kinds is None
        else [kind for kind in members["kinds"] if kind not in around.place_kinds]
    )
    if unknown:
        row.fault("choice_filter", "unknown_place_kind", f"没有场所类型“{unknown[0]}”。")
    return Type("text" if file in _TEXTUAL_FILES else "any")


def _check_role(row: Row, item: Item, survey: Survey) -> None:
    header = "bind::gongdi:role"
    if item.role is None:
        return
    sort = item.file if item.type == "select_one_from_file" else item.type
    if item.file is not None and item.file not in ("places", "workers", *_TEXTUAL_FILES):
        sort = "record"
    if sort not in ROLES_OF[item.role]:
        row.fault(header, "bad_role", f"这种类型的项不能有角色 {item.role}。")
    elif item.role in survey.roles:
        row.fault(header, "duplicate_role", f"角色 {item.role} 已经给了“{survey.roles[item.role]}”。")
    survey.roles.setdefault(item.role, item.name)


def _check_register(survey: Survey) -> None:
    """An edit brings a few fields, so nothing may be said of several."""
    for item in survey.items:
        others = [
            tree for tree in conditions_of(item) if tree is not item.constraint or names_in(tree, "field")
        ]
        if others or item.type == "calculate":
            header = next(
                (
                    name
                    for name in ("relevant", "required", "calculation")
                    if isinstance(getattr(item, name), tuple)
                ),
                "constraint",
            )
            survey.rows[item.name].fault(
                header, "register_condition", "可以修改的登记 (register) 不能有涉及其他项的条件。"
            )
