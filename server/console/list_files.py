"""The lists of flags and sites as files: what the page shows, all of it, in the same words."""

from __future__ import annotations

from flask import Response, g

from server.actions.flags.document_facts import flag_number
from server.actions.flags.filters import FLAG_FILTERS, LIVE
from server.actions.flags.list_flags import page_of_flags
from server.actions.flags.list_turns import people_named, turns_of
from server.actions.reference.name_codes import read_names
from server.actions.sites.list_sites import page_of_sites
from server.base.db import read
from server.console.exports import table_file
from server.console.filters import chosen_of
from server.console.pages import JUDGES, blueprint
from server.models.site import STAGES
from server.rules.flags.words import FLAG_STATE_WORDS, SEVERITIES, moment
from server.web.responses import now_ms

ROWS_MAX = 5_000
_MORE = f"只有前 {ROWS_MAX} 条, 请缩小范围。"
_FLAGS = (
    "编号",
    "地点",
    "区县",
    "职责",
    "状态",
    "程度",
    "归口",
    "轮到",
    "要办的",
    "期限",
    "逾期",
    "时段",
    "开启",
    "办结",
)
_SITES = ("地点", "区县", "地址", "阶段", "主管科室", "企业", "未销号标记")


@blueprint.get("/flags.<any(xlsx, csv):sort>")
def export_flags(sort: str) -> Response:
    """The flags that the filters of the address find, newest first. Only the bureau sees who works on one."""
    chosen, bureau = chosen_of(FLAG_FILTERS, state=LIVE), g.viewer.role in JUDGES
    with read() as session:
        page = page_of_flags(session, g.viewer, chosen, None, ROWS_MAX)
        turns = turns_of(session, [row.flag for row in page.items])
        people = people_named(session, [row.flag.assignee_id for row in page.items if bureau])
        names = read_names(session)
    rows: list[list[str | float]] = []
    for flag, site in ((row.flag, row.site) for row in page.items):
        turn = turns.get(flag.id)
        late = turn is not None and turn.due_ms < now_ms()
        rows.append(
            [
                *(flag_number(flag), site.name, names.of("districts", site.district)),
                names.of("duties", flag.duty),
                *(FLAG_STATE_WORDS[flag.state], SEVERITIES.get(flag.severity, flag.severity)),
                names.of("units", flag.unit),
                names.of("units", turn.unit) if turn is not None else "",
                names.of("steps", turn.step) if turn is not None else "",
                moment(turn.due_ms) if turn is not None else "",
                "是" if late else "",
                flag.windows,
                moment(flag.opened_ms),
                moment(flag.closed_ms) if flag.closed_ms is not None else "",
                *([people.get(flag.assignee_id or "", "")] if bureau else []),
            ]
        )
    titles = [*_FLAGS, *(["承办人"] if bureau else [])]
    if page.next is not None:
        rows.append([_MORE, *[""] * (len(titles) - 1)])
    return table_file("问题标记", titles, rows, sort)


@blueprint.get("/sites.<any(xlsx, csv):sort>")
def export_sites(sort: str) -> Response:
    """The sites that this user may see."""
    with read() as session:
        page = page_of_sites(session, g.viewer, None, ROWS_MAX)
        names = read_names(session)
    rows: list[list[str | float]] = [
        [
            row.site.name,
            names.of("districts", row.site.district),
            row.site.address or "",
            STAGES.get(row.site.stage, row.site.stage),
            names.of("units", row.site.unit),
            "、".join(company["name"] for company in row.companies),
            row.open_flags,
        ]
        for row in page.items
    ]
    if page.next is not None:
        rows.append([_MORE, *[""] * (len(_SITES) - 1)])
    return table_file("地点", _SITES, rows, sort)
