"""From the tables of a workbook to a form: everything is checked, and all faults are found together."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from schemas.forms.columns import LANGUAGE, NAMESPACES, NEEDED_SHEETS, OWN, SHEETS, header_faults
from schemas.forms.definition import Form, Item, written
from schemas.forms.duties import SheetRow, compile_sheets
from schemas.forms.faults import Fault, FormRefused
from schemas.forms.limits import COMPILED_BYTES_MAX, VERSION_MAX
from schemas.forms.lists import compile_lists
from schemas.forms.rows import Row, rows_of
from schemas.forms.surroundings import NOTHING_KNOWN, Surroundings
from schemas.forms.survey import compile_survey
from schemas.forms.tables import Table, Tables
from schemas.forms.versions import version_faults
from schemas.privacy import undeclared

CODE = "[a-z][a-z0-9_]{0,31}"
_WRITERS = ("inspector", "supervisor", "contractor", "section", "brigade", "gate", "platform")
_TITLE_MAX = 40


@dataclass(frozen=True)
class Compiled:
    """A form, and the rows of reference data that are published with it. `changed`: not the same content as the version that
    there is."""

    form: Form
    rows: tuple[SheetRow, ...] = ()
    changed: bool = True


@dataclass
class _Head:
    """What `settings` and `gongdi` say, with the row of each to point at."""

    members: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)


def compile_form(tables: Tables, around: Surroundings = NOTHING_KNOWN) -> Compiled:
    """The form that the tables describe. Raises FormRefused with all faults."""
    faults = [*tables.faults, *_sheet_faults(tables)]
    sheets = {name: table for name, table in tables.sheets.items() if name in SHEETS}
    around = _with_own_kinds(sheets, around)
    head = _head(sheets, around, faults)
    lists = compile_lists(sheets.get("choices"), faults)
    nature = head.members.get("nature", "fact")
    allows_any = head.members.get("version") == 1 and head.members.get("code") in around.once_code
    survey = compile_survey(sheets.get("survey"), lists, nature, allows_any, around, faults)
    _check_privacy(survey.items, head, survey.rows)
    rows = compile_sheets(sheets, head.members, survey, around, faults)
    if faults:
        raise FormRefused(faults, SHEETS)
    form = Form(items=tuple(survey.items), lists=lists.choices, **head.members)
    return _last_looks(form, rows, survey.rows, head, around)


def _with_own_kinds(sheets: Mapping[str, Table], around: Surroundings) -> Surroundings:
    """A form may name the kinds of sites and places that come with it."""

    def known(noun: str, before: Collection[str] | None) -> Collection[str] | None:
        own = (row.text("code") for row in rows_of(sheets.get(noun), []))
        return None if before is None else {*before, *(code for code in own if code is not None)}

    return replace(
        around,
        site_kinds=known("site_kinds", around.site_kinds),
        place_kinds=known("place_kinds", around.place_kinds),
    )


def _last_looks(
    form: Form, rows: tuple[SheetRow, ...], item_rows: Mapping[str, Row], head: _Head, around: Surroundings
) -> Compiled:
    """What can be said only of a form that is whole."""
    faults: list[Fault] = []
    size = len(written(form))
    if size > COMPILED_BYTES_MAX:
        message = f"表单编译后有 {size} 字节, 最多 {COMPILED_BYTES_MAX} 字节, 请缩短文字或拆成两张表单。"
        faults.append(Fault("survey", None, None, None, "form_too_large", message))
    same = [old for old in around.earlier if old.version == form.version]
    if same and written(same[0]) == written(form):
        return Compiled(form, rows, changed=False)
    faults += version_faults(form, around.earlier, item_rows, head.rows)
    if faults:
        raise FormRefused(faults, SHEETS)
    return Compiled(form, rows)


def _sheet_faults(tables: Tables) -> list[Fault]:
    faults: list[Fault] = []
    for name, table in tables.sheets.items():
        if name in SHEETS:
            faults += header_faults(table)
        elif table.headers or table.rows:
            faults.append(
                Fault(name[:40], None, None, None, "unknown_sheet", "没有这张表的用处, 请去掉这张表。")
            )
    for name in NEEDED_SHEETS:
        if name not in tables.sheets:
            faults.append(Fault(name, None, None, None, "missing_sheet", f"缺少“{name}”这张表。"))
    return faults


def _only_row(table: Table | None, faults: list[Fault]) -> Row | None:
    rows = list(rows_of(table, faults))
    for row in rows[1:]:
        row.fault(None, "too_many_rows", "这张表只能有一行。")
    if table is not None and not rows:
        faults.append(Fault(table.name, 2, None, None, "missing", "这张表应有一行, 请填写。"))
    return rows[0] if rows else None


def _head(sheets: Mapping[str, Table], around: Surroundings, faults: list[Fault]) -> _Head:
    head = _Head()
    settings, own = (_only_row(sheets.get(name), faults) for name in ("settings", "gongdi"))
    if settings is not None:
        head.rows["settings"] = settings
        uses_own = "survey" in sheets and any(header in sheets["survey"].headers for header in OWN)
        _read_settings(settings, head.members, around, uses_own)
    if own is not None:
        head.rows["gongdi"] = own
        _read_own(own, head.members, around.site_kinds)
    return head


def _read_settings(row: Row, members: dict[str, Any], around: Surroundings, uses_own: bool) -> None:
    row.needed("form_title", "表单名称")
    members["title"] = row.sentence("form_title", _TITLE_MAX) or ""
    code = row.needed("form_id", "表单代码")
    members["code"] = code
    if code and re.fullmatch(CODE, code) is None:
        row.fault("form_id", "bad_name", "代码应以小写字母开头, 只用小写字母、数字和 _, 最多 32 个字符。")
    elif code in around.code_kinds:
        row.fault("form_id", "code_kind", f"“{code}”是系统自带的记录种类, 请换一个代码。")
    row.needed("version", "版本号")
    members["version"] = row.whole("version", 1, VERSION_MAX) or 1
    if row.needed("default_language", "默认语言") not in ("", LANGUAGE):
        row.fault("default_language", "bad_value", f"默认语言应为 {LANGUAGE}。")
    namespaces = row.text("namespaces")
    if namespaces != NAMESPACES and (namespaces is not None or uses_own):
        row.fault("namespaces", "bad_value", f"应为 {NAMESPACES}。")


def _read_own(row: Row, members: dict[str, Any], site_kinds: Collection[str] | None) -> None:
    row.needed("from", "起用日期")
    members["since"], members["to"] = row.day("from") or "", row.day("to")
    if members["to"] is not None and members["to"] <= members["since"]:
        row.fault("to", "bad_value", "停用日期应晚于起用日期。")
    row.needed("mark", "标记 (F、M 或 P)")
    members["mark"] = row.one_of("mark", ("F", "M", "P"))
    row.needed("source", "依据")
    members["source"] = row.sentence("source") or ""
    row.needed("nature", "性质 (fact 或 register)")
    members["nature"] = row.one_of("nature", ("fact", "register"), "fact")
    members["sealed"] = row.yes("sealed", default=True)
    members["health"] = row.yes("health", default=True)
    row.needed("site_kinds", "地点类型")
    members["site_kinds"] = row.codes("site_kinds")
    unknown = [] if site_kinds is None else [kind for kind in members["site_kinds"] if kind not in site_kinds]
    if unknown:
        row.fault("site_kinds", "unknown_site_kind", f"没有地点类型“{unknown[0]}”。")
    members["writers"] = row.codes("writers") or ("inspector",)
    wrong = [writer for writer in members["writers"] if writer not in _WRITERS]
    if wrong:
        row.fault("writers", "bad_value", f"填写人只能是这几个: {', '.join(_WRITERS)}。")
    members["icon"] = row.matching("icon", CODE, "图标应为小写字母开头的名称。")


def _check_privacy(items: list[Item], head: _Head, rows: Mapping[str, Row]) -> None:
    """What sounds like somebody's number, and what is masked, belongs into a sealed form."""
    if head.members.get("sealed", True):
        return
    names = undeclared([item.name for item in items if item.is_field], {}, sealed=False)
    for item in items:
        if item.name in names:
            rows[item.name].fault(
                "name", "must_be_sealed", "这一项像是个人的号码, 表单应加密 (gongdi 表 sealed 填 yes)。"
            )
        if item.mask is not None:
            header = "bind::gongdi:mask"
            rows[item.name].fault(
                header, "must_be_sealed", "有遮盖项的表单应加密 (gongdi 表 sealed 填 yes)。"
            )
