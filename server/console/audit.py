"""The audit: who changed, exported, unmasked and logged in; filtered, and as a workbook."""

from __future__ import annotations

from flask import Response, g, request

from server.actions.audit.list_deeds import TEXT_MAX, ShownDeed, asked_deeds, page_of_deeds
from server.actions.reference.name_codes import Names, read_names
from server.base.db import read
from server.base.problems import Problem
from server.console.exports import note_export
from server.console.pages import ROWS, blueprint, render, require_role
from server.files.new_workbook import MIME, table_workbook
from server.models.paging import Page
from server.models.site import COMPANY_ROLES, STAGES
from server.models.user import ADMIN
from server.rules.audit_words import EVENTS, FIELDS, GROUPS
from server.rules.flags.words import exact
from server.web.responses import as_download

_ROWS_MAX = 50_000
_COMMAND = "服务器上的命令"
_TITLES = ("时间", "谁", "用户名", "做了什么", "对象", "改动", "理由")
_NOUNS = {"district": "districts", "unit": "units"}
_WORDS = {"stage": STAGES, "inhabited": {"True": "是", "False": "否"}}


@blueprint.get("/admin/audit")
def list_deeds() -> str | tuple[str, int]:
    """What was done, newest first."""
    require_role(ADMIN)
    given = _given()
    problem: Problem | None = None
    page: Page[ShownDeed] = Page([], None)
    with read() as session:
        names = read_names(session)
        try:
            page = page_of_deeds(session, asked_deeds(given), request.args.get("cursor"), ROWS)
        except Problem as refused:
            problem = refused
    words = {"events": EVENTS, "groups": GROUPS, "changes": change_words, "command": _COMMAND}
    shown = render("audit.html", names, page=page, asked=given, problem=problem, text_max=TEXT_MAX, **words)
    return shown if problem is None else (shown, problem.status)


@blueprint.get("/admin/audit.xlsx")
def export_deeds() -> Response:
    """The same as a workbook, which is a deed itself."""
    require_role(ADMIN)
    with read() as session:
        names = read_names(session)
        page = page_of_deeds(session, asked_deeds(_given()), None, _ROWS_MAX)
    rows = [_row(names, deed) for deed in page.items]
    if page.next is not None:
        rows.append((f"只有最近的 {_ROWS_MAX} 条, 请缩小范围。", *[""] * (len(_TITLES) - 1)))
    data = table_workbook("操作记录", _TITLES, rows)
    note_export("操作记录", g.viewer.id)
    return as_download(data, MIME, "操作记录.xlsx")


def change_words(names: Names, deed: ShownDeed) -> str:
    """What was otherwise before, in words."""
    parts = []
    for name, (before, after) in deed.changes.items():
        old, new = (_value(names, name, value) for value in (before, after))
        parts.append(f"{FIELDS.get(name, name)}: {old} → {new}")
    return "; ".join(parts)


def _value(names: Names, name: str, value: object) -> str:
    if value in (None, ""):
        return "无"
    text = str(value)
    if name in _NOUNS:
        return "、".join(names.of(_NOUNS[name], code) for code in text.split(","))
    if name == "role":
        return COMPANY_ROLES.get(text, text)
    return _WORDS.get(name, {}).get(text, text)


def _row(names: Names, deed: ShownDeed) -> tuple[str, ...]:
    who = (deed.who or _COMMAND, deed.name or "")
    what = EVENTS[deed.what].title if deed.what in EVENTS else deed.what
    return exact(deed.at_ms), *who, what, deed.subject, change_words(names, deed), deed.reason


def _given() -> dict[str, str]:
    return {name: request.args.get(name, "") for name in ("group", "who", "subject", "from", "to")}
