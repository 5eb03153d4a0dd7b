"""What is wrong with rows of reference data before they are loaded: all of it together, so that the editor of the
files corrects them once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from schemas.kinds import KINDS, AnyKind, Kinds
from schemas.limits import RECORD_SLOT_MAX
from schemas.reference import row_problems
from server.rules.cases import is_of_cases
from server.rules.duties.conditions import field_with
from server.rules.duties.mode_faults import is_about, mode_faults
from server.rules.duties.modes import MODES, PARENT, SAME_WORKER
from server.rules.duties.windows import problems_of
from server.rules.flags.escalation import SECTION, SILENT
from server.rules.flags.routing import LEADER
from server.rules.from_rows import Row, duty_rules, in_force
from server.rules.papers.row_faults import (
    basis_faults,
    bureau_fact_faults,
    officer_faults,
    paper_kind_faults,
    remedy_faults,
)
from server.rules.rosters.fields import FIELDS
from server.rules.rulebook import PASSES

_OWN_DUTIES = (SILENT, "INTEGRITY")
_OWN_UNITS = (SECTION, "contractor", LEADER)  # as policies name them


@dataclass(frozen=True, slots=True)
class RowFault:
    """Something that keeps a row from being loaded. `row`: its index in the file, from 1 (0: the file itself); `what`
    says what to do."""

    noun: str
    row: int
    code: str  # of the row
    fault: str  # stable code
    what: str


@dataclass(slots=True)
class _Rows:
    """The rows of all files with their places, without those that are planned or have no sound shape."""

    placed: dict[str, list[tuple[int, Row]]] = field(default_factory=dict)
    stored: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    kinds: Kinds = field(default_factory=lambda: KINDS)

    def of(self, noun: str) -> list[tuple[int, Row]]:
        return self.placed.get(noun, [])

    def all(self, noun: str) -> list[Row]:
        """Those of the file and those that only the database has."""
        return [*(row for _, row in self.of(noun)), *self.stored.get(noun, ())]

    def codes(self, noun: str) -> set[str]:
        return {row["code"] for row in self.all(noun)}


def reference_faults(
    files: Mapping[str, Sequence[Any]], stored: Mapping[str, Sequence[Row]], kinds: Kinds = KINDS
) -> list[RowFault]:
    """What is wrong with the rows of the files, by noun; `stored`: what only the database has, rows that an
    office added by hand; `kinds`: those of the installation. Empty: all of it can be loaded."""
    found: list[RowFault] = []
    rows = _Rows(stored=stored, kinds=kinds)
    for noun, some in files.items():
        seen: set[tuple[str, str]] = set()
        for place, row in enumerate(some, start=1):
            wrong = list(row_problems(noun, row))
            code = str(row.get("code", "")) if isinstance(row, Mapping) else ""
            found += [RowFault(noun, place, code, "row_invalid", _shape(*one)) for one in wrong]
            if wrong:
                continue
            if (code, row["from"]) in seen:
                found.append(RowFault(noun, place, code, "row_duplicate", _DUPLICATE.format(row["from"])))
            elif not row.get("planned"):
                rows.placed.setdefault(noun, []).append((place, row))
            seen.add((code, row["from"]))
    for noun in files:
        found += _overlaps(noun, rows)
    for noun, check in _CHECKS:
        for place, row in rows.of(noun):
            found += [RowFault(noun, place, row["code"], *one) for one in check(row, rows)]
    return sorted(found, key=lambda one: (one.noun, one.row))


_DUPLICATE = "同一代码从 {} 起有两行, 请删去一行, 或改其中一行的 from。"
_Found = Iterator[tuple[str, str]]  # fault, what to do


def _shape(name: str, message: str) -> str:
    return f"{name}: {message}" if name else message


def _overlaps(noun: str, rows: _Rows) -> Iterator[RowFault]:
    """Versions that begin while the one before still holds: which of them is meant?"""
    versions: dict[str, list[Row]] = {}
    for row in rows.all(noun):
        versions.setdefault(row["code"], []).append(row)
    for place, row in rows.of(noun):
        for other in versions[row["code"]]:
            if other["from"] < row["from"] and (other["to"] is None or row["from"] < other["to"]):
                what = f"{other['from']} 起的旧行仍有效, 请给旧行写上 to (不晚于 {row['from']})。"
                yield RowFault(noun, place, row["code"], "row_overlaps", what)


def _duty(row: Row, rows: _Rows) -> _Found:
    if is_of_cases(row["code"]):
        yield "code_unfit", "以 CASE 开头的代码是个案步骤 (case_steps.json) 的, 请换一个。"
    for name in row["site_kinds"]:
        if name not in rows.codes("site_kinds"):
            yield (
                "site_kind_unknown",
                f"没有地点类型 {name}, 请更正, 或先增加这个地点类型。",
            )
    for name in dict.fromkeys((*row["places"], *row["goes_on"])):
        if name not in rows.codes("place_kinds"):
            yield "place_kind_unknown", f"没有场所类型 {name}, 请更正, 或先增加这个场所类型。"
    for name in row["goes_on"]:
        if name not in row["places"]:
            yield "goes_on_unasked", f"goes_on 里的 {name} 不在 places 里, 请补上或去掉。"
    yield from _evidence(row, rows)
    if row["judging"] in ("coverage", "log") and not _has_slots(row, rows):
        yield (
            "slots_missing",
            "这项职责按时段判定, 但没有时段: 请写明时段 (slots, 如 morning@06:00-12:00)。",
        )


def _has_slots(row: Row, rows: _Rows) -> bool:
    """Under some alert level: a duty may be asked only under the raised one."""
    presets = [one for one in rows.all("duty_slots") if one["duty"] == row["code"]]
    return any(one["slots"] and (one["to"] is None or row["from"] < one["to"]) for one in presets)


def _evidence(row: Row, rows: _Rows) -> _Found:
    """Whether a record of this kind can ever meet the duty."""
    kinds = rows.kinds
    if row["judging"] == "none":
        return
    kind = kinds.get(row["evidence"])
    if kind is None or kind.nature == "server":
        yield (
            "evidence_unknown",
            f"没有记录类型 {row['evidence'] or '(空)'}: 请更正 evidence; 类型尚未提供时写 planned: true。",
        )
    elif row["judging"] == "coverage":
        if kind.nature != "fact" or kind.name == PASSES or not is_about(kind, SAME_WORKER):
            yield (
                "evidence_unfit",
                f"按人员判定要有逐人的记录, {kind.title} ({kind.name}) 不是, 请更正 evidence 或 judging。",
            )
    elif row["judging"] == "log":
        yield from _places(row, kind)
    elif row["judging"] in MODES:
        yield from mode_faults(row, kinds, rows.codes("rules"))


def _places(row: Row, kind: AnyKind) -> _Found:
    """A log meets a window by its place: the record must be able to name it. Which places there are is reference data, and
    `_duty` asks for that."""
    about = kind.whole.fields[kind.subject_field].metadata.get("role") if kind.subject_field else None
    if kind.nature != "fact" or about not in (None, "place"):
        yield "evidence_unfit", f"{kind.title} ({kind.name}) 不能逐次完成时段, 请更正 evidence 或 judging。"
    elif about is None and row["places"]:
        yield "place_not_recorded", f"{kind.title} ({kind.name}) 写不出场所, 请把 places 留空。"
    elif about == "place" and not row["places"]:
        yield "places_missing", f"{kind.title} ({kind.name}) 都写明场所, 请在 places 里列出要求哪些。"


def _slots(row: Row, rows: _Rows) -> _Found:
    duties = [one for one in rows.all("duties") if one["code"] == row["duty"]]
    if not duties:
        yield "duty_unknown", f"没有职责 {row['duty']}, 请更正 duty; 职责尚未要求时写 planned: true。"
        return
    if row["code"] != f"{row['duty']}:{row['preset']}":
        yield "code_unfit", f"代码应为 {row['duty']}:{row['preset']}。"
    for kind in (
        rows.kinds[name] for name in sorted({one["evidence"] for one in duties} & rows.kinds.keys())
    ):
        if kind.slot_field is None:
            continue
        named = _choices(kind, kind.slot_field)
        for name in dict.fromkeys(name for slot in row["slots"] for name in slot.get("admits") or ()):
            if len(name) > RECORD_SLOT_MAX or (named and name not in named):
                yield "slot_not_recorded", f"{kind.title} ({kind.name}) 写不出时段 {name}, 请更正 admits。"
    duty = in_force(duties, row["duty"], row["from"]) or duties[0]
    always = {**duty, "from": row["from"], "to": row["to"]}
    for rule in duty_rules([always], [row]):
        for problem in problems_of(rule):
            yield "slots_overlap", f"{problem}请改 opens、due 或 grace_s。"


def _choices(kind: AnyKind, name: str) -> tuple[str, ...]:
    """The closed list of a field of this kind; empty for one that takes any code, or those of reference data."""
    checks = getattr(kind.whole.fields.get(name), "validators", ())
    return tuple(chain.from_iterable(getattr(check, "choices", ()) for check in checks))


def _site_kind(row: Row, rows: _Rows) -> _Found:
    yield from _unit(row["unit"], rows)


def _policy(row: Row, rows: _Rows) -> _Found:
    units: Iterable[Any] = [row.get("fallback_unit"), *(step.get("unit") for step in row.get("steps", ()))]
    for name in dict.fromkeys(units):
        if name not in _OWN_UNITS:
            yield from _unit(name, rows)


def _unit(name: Any, rows: _Rows) -> _Found:
    if name not in rows.codes("units"):
        known = "、".join(f"{row['code']} {row['name']}" for row in rows.all("units"))
        yield "unit_unknown", f"没有科室 {name}, 请改用科室的代码 (现有: {known}), 或先增加这个科室。"


def _route(row: Row, rows: _Rows) -> _Found:
    yield from _unit(row["unit"], rows)
    duties = rows.codes("duties") | rows.codes("case_steps") | set(_OWN_DUTIES)
    if row.get("duty") is not None and row["duty"] not in duties:
        yield "duty_unknown", f"没有职责 {row['duty']}, 请更正 duty。"
    if row.get("site_kind") is not None and row["site_kind"] not in rows.codes("site_kinds"):
        yield "site_kind_unknown", f"site_kinds 里没有地点类型 {row['site_kind']}, 请先增加, 或更正。"
    if not any(row.get(name) for name in ("duty", "district", "site_kind")):
        yield "route_unfit", "请写明职责、区县或地点类型: 不分这些的, 由地点自己的科室接收。"


def _parent(row: Row, rows: _Rows) -> _Found:
    if row.get("parent") is not None:
        yield from _unit(row["parent"], rows)


def _word(row: Row, _: _Rows) -> _Found:
    """What rosters' columns mean is declared with the fields of a person (schemas/worker.py)."""
    noun, _, name = row["code"].partition(".")
    if noun == "header" and name != "ignored" and name not in FIELDS:
        yield "field_unknown", f"名册没有 {name} 这一项, 请更正 code。"


def _case_step(row: Row, rows: _Rows) -> _Found:
    kind = rows.kinds.get(row["evidence"])
    if kind is None or kind.subject_field is None or field_with(kind, PARENT) != kind.subject_field:
        yield "evidence_unknown", f"没有属于个案的记录类型 {row['evidence']}, 请更正 evidence。"
    elif row["parts"] and (kind.slot_field is None or not {*row["parts"]} <= _part_names(kind)):
        yield "slot_not_recorded", f"{kind.title} ({kind.name}) 写不出这些分项, 请更正 parts。"
    for name in filter(None, (row["warn"], row["limit"])):
        if name not in rows.codes("rules"):
            yield "rule_unknown", f"rules 里没有 {name}, 请先增加, 或更正。"
    if row["unit"] != SECTION:
        yield from _unit(row["unit"], rows)


def _part_names(kind: AnyKind) -> set[str]:
    return set(_choices(kind, str(kind.slot_field)))


_CHECKS: tuple[tuple[str, Callable[[Row, _Rows], _Found]], ...] = (
    ("duties", _duty),
    ("duty_slots", _slots),
    ("site_kinds", _site_kind),
    ("escalation", _policy),
    ("roster_words", _word),
    ("case_steps", _case_step),
    ("routing", _route),
    ("units", _parent),
    ("paper_kinds", paper_kind_faults),
    ("bases", basis_faults),
    ("remedies", remedy_faults),
    ("officers", officer_faults),
    ("bureau_facts", bureau_fact_faults),
)
