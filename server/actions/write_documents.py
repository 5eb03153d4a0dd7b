"""A flag's papers: 限期整改通知书, 复查记录, and its whole file, as PDF and .xlsx."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pylopdf_fonts_zh_cn
import typst
import xlsxwriter

from server.actions.name_codes import Names
from server.actions.show_flags import FlagFile
from server.clock import to_iso
from server.problems import Problem
from server.rules.flag_moves import MOVES
from server.rules.flag_words import FLAG_STATE_NAMES, KINDS, SEVERITIES, SLOTS, WINDOW_STATES, moment

PAPERS = {"order": "限期整改通知书", "recheck": "复查记录", "file": "档案"}
PDF = "application/pdf"
_FOLDER = Path(__file__).parent.parent / "documents"
_FONTS = Path(pylopdf_fonts_zh_cn.serif_path()).parent


def flag_pdf(paper: str, file: FlagFile, company: str, names: Names, now_ms: int) -> bytes:
    """One of PAPERS. Raises Problem 404 when the flag has not come to it: no order, no recheck."""
    told = told_of(file, company, names, now_ms)
    if (paper == "order" and not told["order"]) or (paper == "recheck" and not told["recheck"]):
        raise Problem(404, "not_found", "还没有这份文书", f"{PAPERS[paper]}在办理到这一步之后才有。")
    return typst.compile(
        _FOLDER / f"{paper}.typ",
        root=_FOLDER,
        font_paths=[_FONTS],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(told, ensure_ascii=False)},
    )


def flag_workbook(file: FlagFile, company: str, names: Names, now_ms: int) -> bytes:
    """The whole file as a workbook: what it is, windows, entries, events. Every cell is text: none is a formula."""
    told = told_of(file, company, names, now_ms)
    facts = [(title, told[name]) for name, title in _FACTS.items()]
    sheets: dict[str, tuple[Sequence[str], Sequence[Sequence[str]]]] = {
        "标记": (("项目", "内容"), facts),
        "时段": (("日期", "时段", "地点", "截止", "结果"), told["windows"]),
        "记录": (("记录", "设备", "估计时间", "不早于", "收到"), told["entries"]),
        "经过": (("时间", "人员", "事项", "说明"), told["events"]),
    }
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        head = book.add_format({"bold": True, "bottom": 1})
        for name, (titles, rows) in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, len(titles) - 1, 22)
            for column, title in enumerate(titles):
                sheet.write_string(0, column, title, head)
            for number, row in enumerate(rows, start=1):
                for column, cell in enumerate(row):
                    sheet.write_string(number, column, str(cell))
    return buffer.getvalue()


_FACTS = {
    "number": "编号",
    "site": "工地",
    "district": "区县",
    "company": "责任单位",
    "duty": "职责",
    "severity": "程度",
    "state": "状态",
    "unit": "归口",
    "opened": "开立",
    "closed": "办结",
    "watermark": "数据完整至",
    "head": "记录链",
    "printed": "打印",
}


def told_of(file: FlagFile, company: str, names: Names, now_ms: int) -> dict[str, Any]:
    """What the papers say, in words. `order`, `reply`, `recheck`: the last of each, empty before there is one."""
    flag, site = file.flag, file.site
    missed = [window for window in file.windows if window.state in ("missed", "review", "silent")]
    return {
        "number": f"{to_iso(flag.opened_ms)[:4]}-{flag.id[-8:].upper()}",
        "site": site.name,
        "district": names.of("districts", site.district),
        "company": company or "施工单位",
        "duty": names.of("duties", flag.duty),
        "severity": SEVERITIES.get(flag.severity, flag.severity),
        "state": FLAG_STATE_NAMES[flag.state],
        "unit": names.of("units", flag.unit),
        "opened": moment(flag.opened_ms),
        "closed": moment(flag.closed_ms),
        "watermark": moment(file.watermark_ms),
        "head": flag.head,
        "printed": moment(now_ms),
        "failed": file.failed_rechecks,
        "missed": f"{len(missed)} 个, 最近 {missed[-1].local_date}" if missed else "见档案",
        "order": _last(file, ("order_rectification", "fail_recheck"), names, _due(file)),
        "reply": _last(file, ("submit_rectification",), names),
        "recheck": _last(file, ("pass_recheck", "fail_recheck"), names),
        "windows": [
            [
                window.local_date,
                SLOTS.get(window.slot, window.slot),
                names.of("place_kinds", window.place) if window.place else "全工地",
                moment(window.deadline_ms),
                WINDOW_STATES[window.state],
            ]
            for window in file.windows
        ],
        "entries": [
            [
                f"{KINDS.get(entry['kind'], entry['kind'])} 第 {entry['n']} 条{' (补录)' if entry['backfilled'] else ''}",
                entry["device"]["name"] or entry["device"]["id"],
                moment(entry["event_ms"]),
                moment(entry["not_before_ms"]),
                moment(entry["received_ms"]),
            ]
            for entry in file.entries
        ],
        "events": [
            [
                moment(event["at_ms"]),
                _actor(event),
                names.event(event["action"]),
                event["detail"].get("note", ""),
            ]
            for event in file.events
        ],
    }


def _due(file: FlagFile) -> str:
    return next((moment(step.due_ms) for step in file.steps if step.step == "rectify"), "—")


def _last(file: FlagFile, actions: Sequence[str], names: Names, due: str = "") -> Mapping[str, str]:
    event = next((one for one in reversed(file.events) if one["action"] in actions), None)
    if event is None:
        return {}
    note = event["detail"].get("note", "")
    told = {"actor": _actor(event), "at": moment(event["at_ms"]), "note": note, "due": due}
    return {**told, "name": MOVES[event["action"]].name}


def _actor(event: Mapping[str, Any]) -> str:
    return "系统" if event["actor"] == "scheduler" else str(event["actor"])
