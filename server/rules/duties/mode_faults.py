"""Why nothing could meet a duty that is not asked by slots: what the editor of its row has to correct."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from schemas.expressions.faults import ExpressionFault
from schemas.forms.kind import FormKind
from schemas.kinds import AnyKind, Kinds
from server.rules.cameras import CAMERA_FIELD
from server.rules.cases import CASE_KIND
from server.rules.duties.conditions import condition, field_with, types_of
from server.rules.duties.modes import (
    CAMERA,
    PARENT,
    SAME_PLACE,
    SAME_WORKER,
    Mode,
    ModeFault,
    Trigger,
    read_mode,
)
from server.rules.duties.stock import MEAN_DAYS, MOVEMENTS

Found = Iterator[tuple[str, str]]  # fault, what to do

_TELEMETRY_ROLES = ("started", "ended", "amount")


def mode_faults(row: Mapping[str, Any], kinds: Kinds, rules: Collection[str]) -> Found:
    """What is wrong with a row of duties of a judging by periods, documents or events, whose evidence is a known kind.
    `rules`: the codes of numbers that conditions may name."""
    try:
        mode = read_mode(row)
    except ModeFault as fault:
        yield "mode_invalid", f"{fault.name} {fault.what}"
        return
    kind = kinds[row["evidence"]]
    yield from _conditions(mode, kind, rules)
    if mode.trigger is not None:
        yield from _event(mode.trigger, kind, kinds, rules)
    elif row["judging"] == "document":
        if field_with(kind, "valid_to") is None:
            yield "evidence_unfit", f"{kind.title} ({kind.name}) 没有 role 为 valid_to 的项, 看不出何时到期。"
    elif kind.nature != "fact":
        yield (
            "evidence_unfit",
            f"{kind.title} ({kind.name}) 是可修改的登记, 不能按周期判定, 请更正 evidence。",
        )
    if mode.reckons:
        yield from _book(mode, kind, rules)
    if row["judging"] == "telemetry":
        for role in _TELEMETRY_ROLES:
            if field_with(kind, role) is None:
                yield (
                    "evidence_unfit",
                    f"{kind.title} ({kind.name}) 没有 role 为 {role} 的项, 请更正 evidence。",
                )
    if mode.per == CAMERA:
        if CAMERA_FIELD not in types_of(kind):
            what = f"{kind.title} ({kind.name}) 没有项 {CAMERA_FIELD}, 看不出是哪个摄像机, 请更正 evidence。"
            yield "evidence_unfit", what
    elif mode.per != "site" and kind.place_fields is None:
        yield "place_not_recorded", f"{kind.title} ({kind.name}) 写不出场所, 请把 places 留空。"
    if mode.away and mode.away not in rules:
        yield "mode_invalid", f"away 没有数值 {mode.away}, 请先在 rules.json 里增加, 或更正。"
    if mode.rolling is not None and mode.per != "site":
        yield "mode_invalid", "rolling 只能用于不分场所的职责, 请把 places 留空。"


def _book(mode: Mode, kind: AnyKind, rules: Collection[str]) -> Found:
    """A book of supplies says of which item, what happened and how much; the days come from a rule."""
    types, slot = types_of(kind), field_with(kind, "slot")
    about = types.get(kind.subject_field or "")
    items = about.choices if about is not None else ()
    if slot is None or not set(MOVEMENTS) <= set(types[slot].choices) or field_with(kind, "amount") is None:
        yield (
            "evidence_unfit",
            f"{kind.title} ({kind.name}) 没有 role 为 slot 或 amount 的项, 或写不出 {'、'.join(MOVEMENTS)}。",
        )
    if missing := [item for item in mode.items if item not in items]:
        yield "mode_invalid", f"items {kind.title} ({kind.name}) 没有物资 {'、'.join(missing)}, 请更正。"
    if missing := [code for code in (mode.need, MEAN_DAYS) if code not in rules]:
        yield "mode_invalid", f"need 没有数值 {'、'.join(missing)}, 请先在 rules.json 里增加, 或更正。"


def _conditions(mode: Mode, kind: AnyKind, rules: Collection[str]) -> Found:
    for name, text in (("when", mode.when), ("holds", mode.holds)):
        yield from _compiled(name, text, kind, rules)


def _compiled(name: str, text: str, kind: AnyKind, rules: Collection[str]) -> Found:
    if not text:
        return
    try:
        condition(text, kind, rules)
    except ExpressionFault as fault:
        yield fault.code, f"{name}: {fault.message}"


def _event(trigger: Trigger, evidence: AnyKind, kinds: Kinds, rules: Collection[str]) -> Found:
    kind = kinds.get(trigger.kind)
    if kind is None or kind.nature != "fact":
        yield "trigger_unknown", f"没有可以引起要求的记录类型 {trigger.kind}, 请更正 trigger。"
        return
    yield from _compiled("trigger_when", trigger.when, kind, rules)
    is_case = evidence.name == CASE_KIND
    if evidence.nature != "fact" and not (is_case and trigger.relation == SAME_WORKER):
        yield "evidence_unfit", f"{evidence.title} ({evidence.name}) 不能作为回应, 请更正 evidence。"
    elif trigger.relation == PARENT:
        if _parent_of(evidence) != kind.name:
            yield "relation_unfit", f"{evidence.title} ({evidence.name}) 没有指向 {kind.title} 的所属记录。"
    else:
        for one in (kind, evidence):
            if not is_about(one, trigger.relation):
                what = "人员" if trigger.relation == SAME_WORKER else "场所"
                yield "relation_unfit", f"{one.title} ({one.name}) 写不出是哪一{what}, 请更正 relation。"


def is_about(kind: AnyKind, relation: str) -> bool:
    """Whether a kind's records say of which worker, or at which place, they are."""
    if relation == SAME_PLACE:
        return kind.place_fields is not None
    return kind.name == CASE_KIND or (
        kind.subject_field is not None
        and kind.whole.fields[kind.subject_field].metadata.get("role") == SAME_WORKER
    )


def _parent_of(kind: AnyKind) -> str | None:
    """The kind of record that records of this one are children of, where that is what they are about."""
    name = kind.subject_field
    if not isinstance(kind, FormKind) or name is None or field_with(kind, PARENT) != name:
        return None
    return next((item.file for item in kind.form.items if item.name == name), None)
