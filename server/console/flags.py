"""Flags as work: the user's waiting flags and notices, the list, one flag with its evidence and moves, the help."""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import UUID

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from schemas.limits import FLAG_MEDIA_MAX, NOTE_MAX
from server.actions.accounts.saved_filters import saved_filters
from server.actions.approvals.proposals import count_to_decide
from server.actions.devices.list_devices import devices_of
from server.actions.duties.list_duties import duties_shown
from server.actions.flags.document_facts import number_of
from server.actions.flags.filters import FLAG_FILTERS, LIVE, WAITING_FILTERS
from server.actions.flags.list_flags import (
    flags_waiting_for,
    one_flag,
    page_of_flags,
    windows_around,
)
from server.actions.flags.list_turns import people_of_unit, turns_of
from server.actions.flags.move_flag import Wanted, move_flag
from server.actions.flags.ready_order import ORDER, words_of_order
from server.actions.media.get_media import documents_of
from server.actions.media.inspect_document import inspect_sent_media
from server.actions.media.inspect_photo import inspect_sent_photo
from server.actions.notices.list_notices import (
    count_unread,
    has_unread,
    page_of_notices,
    read_about,
    read_notices,
)
from server.actions.reference.load_reference import rules_in_force
from server.actions.reference.name_codes import read_names
from server.actions.signals.list_signals import signal_counts
from server.actions.sites.list_sites import companies_seen
from server.base.db import read, write
from server.base.problems import Problem
from server.console.filters import chosen_of
from server.console.flag_page import answer_source, demand_of, moves_of, papers_on_page
from server.console.forms import check_form, claim, typed
from server.console.moves_diagram import diagram
from server.console.pages import JUDGES, ROWS, WORKERS, blueprint, render, require_role, start_asked
from server.console.window_grid import grid_of
from server.models.access import Viewer
from server.rules.calendar import add_days, instant_ms, local_date_of
from server.rules.duties.sources import flag_sources
from server.rules.flags.escalation import policy_from
from server.rules.flags.moves import MOVES, PARTY_NAMES, TABLE
from server.web.responses import now_ms, runtime, tx_of, uploaded_photos
from server.workflows.receive_media import keep_photo

WAITING_ROWS = 50
_SIGNAL_DAYS = 7
_KEPT = ("action", "note", "due", "assignee", "company")  # of a form that was refused
# A browser that goes back fetches the page again, with a fresh key, and keeps the words.
_REPEAT_MS = 10 * 60 * 1000
_NAME_MAX = 64  # of a log-in name
_LOCAL = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)")
_ID = re.compile(r"[0-9a-f-]{36}")
_REV = re.compile(r"\d{1,9}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_INTERNAL = frozenset(move.action for move in TABLE if move.internal)


@blueprint.get("/waiting")
def list_waiting() -> str:
    """The flags that wait for this user: severe first, then by what is due first."""
    require_role(*WORKERS)
    chosen = chosen_of(WAITING_FILTERS)
    start = start_asked(request.args)
    with read() as session:
        rows, total = flags_waiting_for(session, g.viewer, now_ms(), WAITING_ROWS, chosen, start)
        names, proposals = read_names(session), count_to_decide(tx_of(session), g.viewer)
    shown = {"rows": rows, "total": total, "start": start, "most": WAITING_ROWS, "proposals": proposals}
    return render("waiting.html", names, **shown, now=now_ms(), chosen=chosen, filters=WAITING_FILTERS)


@blueprint.get("/flags")
def list_flags() -> str:
    """The flags, newest first. The filter is in the address, so that it can be bookmarked and sent."""
    chosen = chosen_of(FLAG_FILTERS, state=LIVE)
    with read() as session:
        page = page_of_flags(session, g.viewer, chosen, request.args.get("cursor"), ROWS)
        turns = turns_of(session, [row.flag for row in page.items])
        since = add_days(local_date_of(now_ms()), -_SIGNAL_DAYS)
        signals = signal_counts(session, g.viewer, [row.site.id for row in page.items], since)
        companies = companies_seen(session, g.viewer)
        saved = saved_filters(session, g.viewer, "flags")
        names = read_names(session)
    return render(
        "flags.html",
        names,
        page=page,
        turns=turns,
        signals=signals,
        companies=companies,
        chosen=chosen,
        filters=FLAG_FILTERS,
        saved=saved,
        now=now_ms(),
    )


@blueprint.get("/flags/<uuid:flag_id>")
def show_flag(flag_id: UUID) -> str:
    """One flag: whose move it is, windows, entries and times that prove it, and all that happened."""
    _see(str(flag_id))
    return _flag_page(str(flag_id), None)


@blueprint.post("/flags/<uuid:flag_id>/actions")
def act(flag_id: UUID) -> str | tuple[str, int] | AnyResponse:
    """Make a move. One that is refused shows the page as it is now, with the typed words kept."""
    check_form()
    photos: list[str] = []
    try:
        photos = _photos(str(flag_id))
        wanted = _wanted(photos)
        with write() as session:
            if claim(session):
                move_flag(tx_of(session), g.viewer, str(flag_id), wanted)
    except Problem as problem:
        if problem.status == 404:
            raise
        return _flag_page(str(flag_id), problem, photos), problem.status
    return redirect(url_for("console.show_flag", flag_id=flag_id), 303)


@blueprint.get("/notices")
def list_notices() -> str:
    """This user's notices, a line for each thing, newest first."""
    only_unread = request.args.get("unread") == "1"
    with read() as session:
        page = page_of_notices(session, g.viewer, request.args.get("cursor"), ROWS, only_unread)
        names = read_names(session)
    return render("notices.html", names, page=page, only_unread=only_unread)


@blueprint.post("/notices/read")
def mark_read() -> AnyResponse:
    """Mark the notices of one thing as read, or all so far."""
    check_form()
    only = request.form.get("only", "")
    with write() as session:
        read_notices(session, g.viewer, now_ms(), only if _ID.fullmatch(only) else None)
    return redirect(url_for("console.list_notices"), 303)


@blueprint.get("/help")
def show_help() -> str:
    """How a flag is dealt with: the diagram and the table of moves, from the rules themselves; and what is asked of
    sites."""
    with read() as session:
        names, duties = read_names(session), duties_shown(session, now_ms())
    return render("help.html", names, table=TABLE, parties=PARTY_NAMES, picture=diagram(), duties=duties)


def _see(flag_id: str) -> None:
    """Whoever sees the flag has read the notices about it."""
    with read() as session:
        if not has_unread(session, g.viewer, flag_id):
            return
    with write() as session:
        read_about(session, g.viewer, flag_id, now_ms())
        g.unread = count_unread(session, g.viewer)


def _flag_page(flag_id: str, problem: Problem | None, photos: Sequence[str] = ()) -> str:
    viewer: Viewer = g.viewer
    asked_move = request.args.get("move", "") if problem is None else ""
    with read() as session:
        file = one_flag(session, viewer, flag_id)
        grid = grid_of(windows_around(session, file.flag, now_ms()))
        devices = devices_of(session, file.flag.scope_id)
        colleagues = people_of_unit(session, viewer) if viewer.role in JUDGES else []
        policy, opened_on = policy_from(file.flag.policy), local_date_of(file.flag.opened_ms)
        sources = flag_sources(rules_in_force(session), file.flag.duty, file.site.alert, policy, opened_on)
        names = read_names(session, file.site.id)
        ready = words_of_order(file, names, rules_in_force(session)) if asked_move == ORDER else ""
        papers = papers_on_page(tx_of(session), viewer, file.flag, file.site)
        kept_documents = documents_of(session, file.site.id, photos)
    expected, others = moves_of(file, viewer)
    before = typed(url_for("console.act", flag_id=flag_id))
    kept = {name: before.get(name, "")[:NOTE_MAX] for name in _KEPT}
    return render(
        "flag.html",
        names,
        file=file,
        number=number_of(file),
        grid=grid,
        devices={device.id: device for device in devices},
        colleagues=colleagues,
        sources=sources,
        demand=demand_of(file),
        expected=expected,
        others=others,
        problem=problem,
        kept=kept,
        kept_photos=photos,
        kept_documents=kept_documents,
        defence_source=answer_source(policy),
        asked_move=asked_move if asked_move in MOVES else "",
        ready=ready,
        ready_for=ORDER,
        internal=_INTERNAL,
        has_form=any(kept["action"] == shown.move.action for shown in (*expected, *others)),
        now=now_ms(),
        note_max=NOTE_MAX,
        media_max=FLAG_MEDIA_MAX,
        due_days=file.due_days_max,
        **papers,
    )


def _photos(flag_id: str) -> list[str]:
    """The photos of a form, which are kept before a move names them: those that came with it, after those of the same form
    when it was refused before. Raises Problem 413, 415 or 422."""
    kept = [sha256 for sha256 in request.form.getlist("kept_photo") if _SHA256.fullmatch(sha256)]
    kept = kept[:FLAG_MEDIA_MAX]
    sent = uploaded_photos("photos", FLAG_MEDIA_MAX - len(kept))
    if sent:
        with read() as session:
            site_id = one_flag(session, g.viewer, flag_id).site.id
        move = MOVES.get(request.form.get("action", ""))
        inspect = inspect_sent_media if move is not None and move.documents else inspect_sent_photo
        kept += [keep_photo(runtime().media, g.viewer, site_id, data, now_ms(), inspect) for data in sent]
    return list(dict.fromkeys(kept))


def _wanted(photos: Sequence[str]) -> Wanted:
    """What the form asks for. Raises Problem 422."""
    action, note, rev = (request.form.get(name, "") for name in ("action", "note", "rev"))
    due = _LOCAL.fullmatch(request.form.get("due", ""))
    if action not in MOVES or not _REV.fullmatch(rev) or len(note) > NOTE_MAX:
        raise Problem("invalid_input", f"请从页面上的按钮操作; 说明不超过 {NOTE_MAX} 字。")
    due_ms = None
    if due is not None:
        try:
            due_ms = instant_ms(due[1], due[2])
        except ValueError as error:
            raise Problem("invalid_input", "请重新选择日期和时间。") from error
    assignee = request.form.get("assignee", "")[:_NAME_MAX]
    company = request.form.get("company", "")[:_NAME_MAX]
    return Wanted(action, int(rev), note, due_ms, tuple(photos), assignee, company, _REPEAT_MS)
