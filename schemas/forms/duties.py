"""The sheets that are published with a form: rows of reference data, in the shape of the files of seed_data/. Whether the
reference data that there is takes them is seen when they are loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.expressions.check import PLACE_TYPES, Known
from schemas.forms.faults import Fault
from schemas.forms.rows import Row, rows_of
from schemas.forms.surroundings import Surroundings
from schemas.forms.survey import Survey
from schemas.forms.tables import Table
from schemas.limits import WINDOW_CODE_MAX
from schemas.reference import JUDGINGS, STAGES
from schemas.severity import SEVERITIES
from schemas.worker import ASKABLE, SPARABLE

_CODE = f"[A-Za-z][A-Za-z0-9_-]{{0,{WINDOW_CODE_MAX - 1}}}"
_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_SLOT = re.compile(rf"({_CODE})(?:@({_TIME})-({_TIME})(?:\+([0-9]{{1,3}}))?)?")
_GRACE_MIN = 30
_PRESETS = ("normal", "raised")
_RESTS = ("official", "holidays", "never")
_KEPT = (
    "per",
    "when",
    "need",
    "every",
    "rolling",
    "holds",
    *("valid_days", "also", "writer", "reckons", "items"),
    *("trigger", "trigger_when", "relation", "within"),
)  # of judgings without slots


@dataclass(frozen=True)
class SheetRow:
    """A row of reference data, and the row of the workbook that it comes from. `is_dated`: it says itself from when on."""

    noun: str
    sheet: str
    number: int
    data: Mapping[str, Any]
    is_dated: bool = True


def compile_sheets(
    sheets: Mapping[str, Table],
    head: Mapping[str, Any],
    survey: Survey,
    around: Surroundings,
    faults: list[Fault],
) -> tuple[SheetRow, ...]:
    """The rows of `place_kinds`, `site_kinds` and `duties`. `head`: what the form says of itself, which holds for rows that
    say nothing else."""
    found: list[SheetRow] = []
    for row in rows_of(sheets.get("place_kinds"), faults):
        data = {**_any_row(row, head), "living": row.yes("living")}
        found.append(SheetRow("place_kinds", "place_kinds", row.number, data, _is_dated(row)))
    for row in rows_of(sheets.get("site_kinds"), faults):
        data = {
            **_any_row(row, head),
            "unit": row.needed("unit", "主管科室 (unit)"),
            "rests": row.one_of("rests", _RESTS, "official"),
            "worker_optional": _fields_of_person(row, "worker_optional", SPARABLE),
            "worker_required": _fields_of_person(row, "worker_required", ASKABLE),
            **({"word": word} if (word := row.text("word")) else {}),
        }
        found.append(SheetRow("site_kinds", "site_kinds", row.number, data, _is_dated(row)))
    for row in rows_of(sheets.get("duties"), faults):
        found += _duty(row, head, survey, around)
    return tuple(found)


def _fields_of_person(row: Row, header: str, names: Sequence[str]) -> list[str]:
    """Which fields of a person a kind of site spares, or asks for besides."""
    found = row.codes(header)
    if not set(found) <= set(names):
        row.fault(header, "bad_value", f"只能是这几个: {', '.join(names)}。")
    return list(found)


def _any_row(row: Row, head: Mapping[str, Any]) -> dict[str, Any]:
    code = row.needed("code", "代码")
    row.matching("code", _CODE, f"代码应以字母开头, 只用字母、数字、_ 和 -, 最多 {WINDOW_CODE_MAX} 个字符。")
    row.needed("name", "名称")
    data = {
        "code": code,
        "name": row.sentence("name", 100) or "",
        "source": row.sentence("source", 200) or head.get("source", ""),
        "mark": row.one_of("mark", ("F", "M", "P"), head.get("mark")),
        "from": row.day("from") or head.get("since", ""),
        "to": row.day("to"),
    }
    if data["to"] is not None and str(data["to"]) <= str(data["from"]):
        row.fault("to", "bad_value", "停用日期应晚于起用日期。")
    return data


def _duty(row: Row, head: Mapping[str, Any], survey: Survey, around: Surroundings) -> Iterator[SheetRow]:
    """A duty may ask for another kind of records; what must hold is checked where it asks for this form's. One that is
    planned is shown to nobody yet, and not loaded."""
    code, evidence = head.get("code"), row.text("evidence") or head.get("code", "")
    if evidence == code:
        known = Known({**survey.types, **PLACE_TYPES}, rules=around.rules)
        row.condition("holds", known)
        row.condition("when", known)
    own = _any_row(row, head)
    judging = row.one_of("judging", JUDGINGS, "log")
    if row.yes("planned"):
        return
    slots, preset = _slots(row, around), row.one_of("presets", _PRESETS, "normal")
    if judging in ("log", "coverage") and not slots and not row.is_broken("slots"):
        row.fault("slots", "missing", "按时段判定的职责应写明时段 (slots), 如 morning@06:00-10:00。")
    duty = {
        **own,
        **{name: row.text(name) for name in _KEPT if row.text(name) is not None},
        "about": own["name"],
        "cadence": cadence_of(slots) if slots else period_words(row.text("every") or row.text("rolling")),
        "judging": judging,
        "evidence": evidence,
        "severity": row.one_of("severity", tuple(SEVERITIES), "ordinary"),
        "places": list(row.codes("places")),
        "goes_on": [],
        "staff": row.one_of("staff", ("canteen",), ""),
        "site_kinds": list(row.codes("site_kinds") or head.get("site_kinds", ())),
        "stages": _stages(row),
    }
    yield SheetRow("duties", "duties", row.number, duty, _is_dated(row))
    if slots:
        times = {name: own[name] for name in ("source", "mark", "from", "to")}
        named = {"code": f"{own['code']}:{preset}", "duty": own["code"], "preset": preset, "slots": slots}
        yield SheetRow("duty_slots", "duties", row.number, {**named, **times}, _is_dated(row))


def _is_dated(row: Row) -> bool:
    return row.text("from") is not None


def _stages(row: Row) -> list[str]:
    stages = row.codes("stages") or ("building",)
    for stage in stages:
        if stage not in STAGES:
            row.fault("stages", "bad_value", f"阶段只能是这几个: {', '.join(STAGES)}。")
    return list(stages)


def _slots(row: Row, around: Surroundings) -> list[dict[str, Any]]:
    slots, wrong = read_slots(row.text("slots") or "", around.slots)
    for code, message in wrong:
        row.fault("slots", code, message)
    return slots


def read_slots(
    text: str, usual: Mapping[str, Mapping[str, Any]] | None
) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """The slots that a text lists, and what is wrong with it (code, message). `morning` has its `usual` times,
    `morning@06:00-10:00+30` its own, with the minutes of grace."""
    slots: list[dict[str, Any]] = []
    wrong = []
    for part in text.split():
        found = _SLOT.fullmatch(part)
        if found is None:
            wrong.append(("bad_value", "时段应写成 morning 或 morning@06:00-10:00+30 的样子, 用空格隔开。"))
            continue
        code, opens, due, grace = found.groups()
        if opens is not None:
            slots.append({"code": code, "opens": opens, "due": due, "grace_s": int(grace or _GRACE_MIN) * 60})
        elif usual is not None and code not in usual:
            what = f"时段“{code}”没有通用的起止时刻, 请写成 {code}@06:00-10:00 的样子。"
            wrong.append(("unknown_slot", what))
        else:
            slots.append({"code": code, **(usual or {}).get(code, {})})
    return slots, wrong


def cadence_of(slots: Sequence[Mapping[str, Any]]) -> str:
    """How often a duty is asked, in words."""
    return f"每日 {len(slots)} 次"


def period_words(text: str | None) -> str:
    """A period in words: `weeks 1` as 每周, `days 1 due 17:00` as 每日, 17:00 前."""
    words = (text or "").split()
    said = dict(zip(words[::2], words[1::2], strict=False))
    unit = next((name for name in _EACH if name in said), None)
    if unit is None:
        return "按规定"
    one, many = _EACH[unit]
    cadence = one if said[unit] == "1" else f"每 {said[unit]} {many}"
    return f"{cadence}, {said['due']} 前" if "due" in said else cadence


_EACH = {"days": ("每日", "天"), "weeks": ("每周", "周"), "months": ("每月", "个月")}
