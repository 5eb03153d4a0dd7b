"""The report of a week or a month, as PDF and .xlsx with charts. The same facts give the same bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from server.actions.plans.report_facts import COUNTED
from server.documents.compile_paper import compile_paper
from server.files.new_workbook import header_format, new_workbook, write_header

_MADE = datetime(2000, 1, 1)  # in the properties of each file, so that the same facts give the same bytes
_COLOURS = {"met": "#14632f", "late": "#d39a2d", "silent": "#1d4f8a", "missed": "#a51d1d"}
_FLAGS = {"opened": "新开", "closed": "销号", "live": "期末未销号", "overdue": "期末逾期"}


def report_pdf(facts: Mapping[str, Any]) -> bytes:
    """To be printed and filed."""
    content = {**facts, "words": COUNTED, "flags": _FLAGS, "colours": _COLOURS}
    return compile_paper("report", content)


def report_workbook(facts: Mapping[str, Any]) -> bytes:
    """Sheets of tasks, days, districts and duties; a chart of the tasks, and one of the days."""
    buffer = io.BytesIO()
    with new_workbook(buffer) as book:
        book.set_properties({"title": f"{facts['plan']} {facts['kind']}", "created": _MADE})
        tasks = [{**task, "leaders": "、".join(task["leaders"])} for task in facts["tasks"]]
        first = {"title": "任务", "leaders": "责任领导", "units": "责任科室 (单位)", "sites": "地点"}
        page = _sheet(book, "任务", facts, {**first, **COUNTED, **_FLAGS}, tasks)
        _chart(book, page, "任务", tasks, 4, {"type": "bar", "subtype": "stacked"})
        page = _sheet(book, "每日", facts, {"code": "日期", **COUNTED}, facts["days"])
        _chart(book, page, "每日", facts["days"], 1, {"type": "column", "subtype": "stacked"})
        _sheet(book, "区县", facts, {"name": "区县", **COUNTED}, facts["districts"])
        _sheet(book, "职责", facts, {"name": "职责", **COUNTED}, facts["duties"])
    return buffer.getvalue()


def _sheet(
    book: xlsxwriter.Workbook,
    name: str,
    facts: Mapping[str, Any],
    columns: Mapping[str, str],
    rows: Sequence[Mapping[str, Any]],
) -> Worksheet:
    """A title, and a table of texts and whole numbers below it."""
    page = book.add_worksheet(name)
    page.write_string(0, 0, f"{facts['plan']} {facts['kind']}, {facts['period']}")
    write_header(page, 1, columns.values(), header_format(book))
    page.set_column(0, 0, 32)
    page.set_column(1, len(columns) - 1, 14)
    page.freeze_panes(2, 1)
    for number, row in enumerate(rows, start=2):
        for column, key in enumerate(columns):
            value = row[key]
            if isinstance(value, str):
                page.write_string(number, column, value)
            else:
                page.write_number(number, column, value)
    return page


def _chart(
    book: xlsxwriter.Workbook,
    page: Worksheet,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    first_column: int,
    kind: Mapping[str, str],
) -> None:
    """Stacked counts of how windows were judged, below the table."""
    if not rows:
        return
    chart = book.add_chart(dict(kind))
    last = len(rows) + 1
    for column, code in enumerate(COUNTED, start=first_column):
        chart.add_series(
            {
                "name": [name, 1, column],
                "categories": [name, 2, 0, last, 0],
                "values": [name, 2, column, last, column],
                "fill": {"color": _COLOURS[code]},
            }
        )
    chart.set_title({"name": "时段的结果"})
    if kind["type"] == "bar":
        chart.set_y_axis({"reverse": True})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 900, "height": 420})
    page.insert_chart(last + 2, 0, chart)
