"""What is wrong with the rows that papers are made of, before they are loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from server.rules.from_rows import Row
from server.rules.papers.fields import FIELDS
from server.rules.papers.template import fields_of_lines, has_block, line_faults
from server.rules.papers.terms import office_hours
from server.rules.papers.uses import CASE_REPORT, RECEIPT, USES

_HEALTH_KINDS = (CASE_REPORT,)
_ORDERING = ("order", "stop")
_ISSUED_BY_BUREAU = 2  # officers, at least
Found = Iterator[tuple[str, str]]


class Rows(Protocol):
    """All rows that there will be."""

    def all(self, noun: str) -> Sequence[Row]: ...

    def codes(self, noun: str) -> set[str]: ...


def paper_kind_faults(row: Row, rows: Rows) -> Found:
    """A template: its fields are known, its power has a basis, a stop names a hazard, an order says the remedy."""
    lines, power = row["lines"], row["power"]
    if row["code"] not in (*USES, RECEIPT, *_HEALTH_KINDS):
        yield "paper_unknown", f"没有 {row['code']} 这种文书, 请更正 code。"
    for what in line_faults(lines):
        yield "field_unknown", what
    if row["issuer"] == "section":
        yield "issuer_unfit", "科室没有独立的执法主体资格, 出具机关应为 bureau。"
    named = [FIELDS[name] for name in fields_of_lines(lines) if name in FIELDS]
    if row["code"] not in _HEALTH_KINDS and any(field.health for field in named):
        yield "health_field", "健康和行程只写在报备单上, 请去掉这些项。"
    for name in row["required"]:
        if name not in {field.name for field in named}:
            yield "required_unused", f"必填的 {name} 没有写在正文里, 请补上或去掉。"
    if power in _ORDERING:
        yield from _ordering(row, rows)
    elif row["remedy"] or has_block(lines, "remedy"):
        yield "remedy_unfit", "只有责令的文书告知救济, 请去掉。"
    if "责令" in row["name"] and power not in _ORDERING:
        yield "power_lacking", "名称里有“责令”, 依据的权限应为 order 或 stop。"
    if row.get("numbering") is not None and row["numbering"] not in rows.codes("number_series"):
        yield "series_unknown", f"number_series 里没有 {row['numbering']}, 请先增加, 或更正。"


def _ordering(row: Row, rows: Rows) -> Found:
    if not _proved_basis(row, rows):
        yield "basis_lacking", f"没有权限为 {row['power']} 而标记为 F 的有效依据 (bases), 不能责令。"
    if row["power"] == "stop" and "hazard" not in row["required"]:
        yield "hazard_lacking", "责令停止施工要写明重大事故隐患, 请把 hazard 列为必填。"
    if not row["remedy"] or not has_block(row["lines"], "remedy"):
        yield "remedy_lacking", "责令的文书要告知救济: remedy 写 true, 正文写 [remedy]。"
    if row["officers"] < _ISSUED_BY_BUREAU:
        yield "officers_lacking", "执法人员至少两人。"


def _proved_basis(row: Row, rows: Rows) -> bool:
    return any(
        basis["power"] == row["power"]
        and basis["mark"] == "F"
        and basis["from"] <= row["from"]
        and (basis["to"] is None or basis["to"] > row["from"])
        for basis in rows.all("bases")
    )


def basis_faults(row: Row, rows: Rows) -> Found:
    """A basis: what orders was read in a published text; what stops work names a hazard."""
    if row["power"] in _ORDERING and row["mark"] != "F":
        yield "basis_unproved", "有权责令的依据须是查到原文的 (标记 F)。"
    if row["power"] == "stop" and not row["hazard"]:
        yield "hazard_lacking", "停止施工的依据须有事故隐患 (hazard)。"
    known = rows.codes("duties") | rows.codes("case_steps") | {"SILENT", "INTEGRITY"}
    for duty in row["duties"]:
        if duty not in known:
            yield "duty_unknown", f"没有职责 {duty}, 请更正 duties。"


def remedy_faults(row: Row, _: Rows) -> Found:
    """A remedy names organ, term and court."""
    for name in ("organs", "court"):
        if f"{{{name}}}" not in row["line"]:
            yield "remedy_unfit", f"告知里要有 {{{name}}}。"


def officer_faults(row: Row, rows: Rows) -> Found:
    if row["unit"] not in rows.codes("units"):
        yield "unit_unknown", f"没有科室 {row['unit']}, 请改用科室的代码。"


def bureau_fact_faults(row: Row, _: Rows) -> Found:
    if row["code"] == "office_hours" and row.get("value") and not office_hours(row["value"]):
        yield "hours_unfit", "办公时间应写成 08:30-12:00 14:30-18:00 的样子。"
