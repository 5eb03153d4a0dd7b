"""What a flag's whole file says, in words; every value is a string."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from server.actions.flags.list_flags import FlagFile
from server.actions.reference.name_codes import Names
from server.base.clock import to_iso
from server.models.flag import Flag
from server.models.window import Window
from server.rules.duties.judge import reason_text
from server.rules.flags.moves import MOVES
from server.rules.flags.words import (
    FLAG_STATE_WORDS,
    GRADES,
    SEVERITIES,
    SLOTS,
    WINDOW_STATE_WORDS,
    bound,
    exact,
    moment,
)

_SYSTEM = {"scheduler": "系统"}

PAPERS = ("文书", "文号", "状态", "签发", "送达", "作废的原因")
"""The columns of a flag's papers."""

Event = Mapping[str, Any]


def number_of(file: FlagFile) -> str:
    return flag_number(file.flag)


def flag_number(flag: Flag) -> str:
    """The flag's number on documents: the year in which it opened, and the end of its id."""
    return f"{to_iso(flag.opened_ms)[:4]}-{flag.id[-8:].upper()}"


def whole_file(
    file: FlagFile, names: Names, now_ms: int, papers: Sequence[Sequence[str]] = ()
) -> dict[str, Any]:
    """Everything: `facts` as pairs, and `parts`, each a table with its title, a note, columns and rows; `photos`: SHA-256
    and caption of those that have arrived. `papers`: a row of PAPERS for each of its papers."""
    flag, site = file.flag, file.site
    facts = [
        ("编号", number_of(file)),
        (names.site_word(site.kind), f"{site.name} ({names.of('districts', site.district)})"),
        ("责任单位", file.company or "施工单位"),
        ("职责", names.of("duties", flag.duty)),
        ("程度", SEVERITIES.get(flag.severity, flag.severity)),
        ("状态", FLAG_STATE_WORDS[flag.state]),
        ("归口", names.of("units", flag.unit)),
        ("开立", moment(flag.opened_ms)),
        ("办结", moment(flag.closed_ms)),
        ("数据完整至", moment(file.watermark_ms)),
        ("期限依据", str(flag.policy.get("source") or "—")),
        ("记录链", flag.head),
        ("打印", moment(now_ms)),
    ]
    photos = _photos(file, names)
    tables = (
        _windows(file, names),
        _entries(file, names),
        _signals(file),
        _part("文书", PAPERS, [list(row) for row in papers], "作废的文号也列出。"),
        _steps(file, names),
        _events(file, names),
        photos,
    )
    arrived = {sha256: place for place, sha256, state in photos["rows"] if state == "已收到"}
    return {
        "number": number_of(file),
        "head": flag.head,
        "printed": moment(now_ms),
        "facts": facts,
        "parts": [part for part in tables if part["rows"]],
        "photos": [[sha256, place] for sha256, place in arrived.items()],
    }


def _due(event: Event, file: FlagFile) -> str:
    """The deadline that an event set, with where it comes from."""
    clocks = event["detail"].get("clocks", {})
    due = clocks.get("rectify", {}).get("due") or next((one["due"] for one in clocks.values()), "")
    if not due:
        return "—"
    source = "由经办人指定" if event["detail"].get("due") else str(file.flag.policy.get("source") or "")
    return f"{due[:16].replace('T', ' ')}" + (f" ({source})" if source else "")


def _actor(event: Event) -> str:
    return _SYSTEM.get(event["actor"], str(event["actor"]))


def _part(title: str, columns: tuple[str, ...], rows: list[list[str]], note: str = "") -> dict[str, Any]:
    return {"title": title, "columns": columns, "rows": rows, "note": note}


def _windows(file: FlagFile, names: Names) -> dict[str, Any]:
    rows = [
        [
            window.local_date,
            names.slot(window.slot) or SLOTS.get(window.slot, window.slot),
            names.place(window.place, window.place_id),
            moment(window.deadline_ms),
            _result(window),
        ]
        for window in file.windows
    ]
    return _part("时段", ("日期", "时段", "场所", "截止", "结果"), rows)


def _result(window: Window) -> str:
    """What came of a window, and why, where that says nothing of who decided."""
    why = reason_text(window.reason) if window.state in ("missed", "review", "silent") else ""
    return f"{WINDOW_STATE_WORDS[window.state]} {why}".rstrip()


def _entries(file: FlagFile, names: Names) -> dict[str, Any]:
    rows = [
        [
            f"{names.kind(entry['kind'])} 第 {entry['n']} 条{' (补录)' if entry['backfilled'] else ''}",
            entry["device"]["name"] or entry["device"]["id"],
            exact(entry["claimed_ms"]),
            f"{exact(entry['event_ms'])} {bound(entry['bound_ms'])}, {GRADES.get(entry['grade'], entry['grade'])}",
            exact(entry["not_before_ms"]),
            exact(entry["received_ms"]),
        ]
        for entry in file.entries
    ]
    note = "谁在何时写下; 不显示测得的数值。时间是服务器的估计与误差, “不早于”和“不晚于”是可证明的界限。"
    return _part("记录", ("记录", "设备", "自报时间", "估计时间", "不早于", "不晚于 (收到)"), rows, note)


def _signals(file: FlagFile) -> dict[str, Any]:
    rows = [[day, name, text] for day, name, text in file.signals]
    return _part("线索", ("日期", "线索", "依据"), rows, "只是查看顺序的参考, 不是结论。")


def _steps(file: FlagFile, names: Names) -> dict[str, Any]:
    rows = [
        [
            names.of("steps", step.step),
            names.of("units", step.unit),
            *(moment(at_ms) for at_ms in (step.due_ms, step.taken_ms, step.done_ms)),
        ]
        for step in file.steps
    ]
    return _part("步骤", ("步骤", "归口", "到期", "提醒", "办结"), rows)


def _events(file: FlagFile, names: Names) -> dict[str, Any]:
    rows = [
        [
            str(event["n"]),
            exact(event["at_ms"]),
            _actor(event),
            names.event(event["action"], str(event["detail"].get("reason", ""))),
            event["detail"].get("note", ""),
            _due(event, file) if event["action"] in MOVES else "",
            event["hash"],
        ]
        for event in file.events
    ]
    return _part("经过", ("序号", "时间", "人员", "事项", "说明", "期限", "散列"), rows)


def _photos(file: FlagFile, names: Names) -> dict[str, Any]:
    rows = [
        [
            f"{names.kind(entry['kind'])} 第 {entry['n']} 条",
            photo["sha256"],
            "已收到" if photo["arrived"] else "未收到",
        ]
        for entry in file.entries
        for photo in entry["media"]
    ]
    rows += [
        [
            f"经过第 {event['n']} 项: {names.event(event['action'])}",
            sha256,
            "未收到" if sha256 in file.lacking else "已收到",
        ]
        for event in file.events
        for sha256 in event["detail"].get("media", [])
    ]
    return _part("照片", ("出处", "SHA-256", "状态"), rows)
