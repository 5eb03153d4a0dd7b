"""今天: what waits for this user, a row a site, and what is done with several at once."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flask import g, request, url_for

from server.actions.accounts.saved_filters import saved_filters
from server.actions.approvals.proposals import count_to_decide
from server.actions.erasure.person_requests import count_open
from server.actions.flags.filters import WAITING_FILTERS
from server.actions.flags.list_turns import people_named, people_of_unit
from server.actions.flags.move_flag import Wanted, move_flag
from server.actions.flags.today import FOLDED_SHOWN, SITES_SHOWN, Item, sites_today
from server.actions.reference.name_codes import read_names
from server.base.db import read, write
from server.base.problems import Problem
from server.console.filters import chosen_of
from server.console.flag_page import EXPECTED
from server.console.forms import check_form, claim
from server.console.pages import JUDGES, WORKERS, blueprint, render, require_role, start_asked
from server.models.access import Viewer
from server.rules.calendar import local_date_of
from server.rules.flags.arrival import CLOCK, GONE, MOVED, PEOPLE, WHYS
from server.rules.flags.moves import MOVES
from server.web.responses import now_ms, tx_of

_SHORT = {CLOCK: "系统升级", GONE: "监察支队已介入"}
TOGETHER = {"acknowledge": "确认", "assign": "指定承办人"}  # what can be done with several flags at once
FLAGS_AT_ONCE = 200
_FLAG = re.compile(r"([0-9a-f-]{36}):(\d{1,9})")
_STOP = "order_stop_work"
_NAME_MAX = 64  # of a log-in name
_REPEAT_MS = 10 * 60 * 1000


@blueprint.get("/today")
def show_today() -> str:
    """The sites that wait for this user, apart by why they do."""
    return _page()


@blueprint.post("/today")
def act_together() -> tuple[str, int]:
    """Make one move on each flag that was chosen. What could not be made is said, one by one; the others are made."""
    require_role(*JUDGES)
    check_form()
    action = request.form.get("action", "")
    chosen = _chosen_flags()
    if action not in TOGETHER or not chosen:
        problem = Problem("invalid_input", f"请勾选要办理的地点, 一次最多 {FLAGS_AT_ONCE} 项。")
        return _page(problem=problem), problem.status
    with write() as session:
        if not claim(session):
            return _page(), 200
    assignee = request.form.get("assignee", "")[:_NAME_MAX] if action == "assign" else ""
    done, refused = 0, []
    for flag_id, rev in chosen:
        try:
            with write() as session:
                wanted = Wanted(action, rev, assignee=assignee, repeat_ms=_REPEAT_MS)
                move_flag(tx_of(session), g.viewer, flag_id, wanted)
            done += 1
        except Problem as problem:
            refused.append((flag_id, problem))
    return _page(done=(TOGETHER[action], done), refused=refused), 200


def show_problem(problem: Problem) -> str:
    """The page with why a form of it was refused."""
    return _page(problem=problem)


def _page(
    done: tuple[str, int] | None = None,
    refused: Sequence[tuple[str, Problem]] = (),
    problem: Problem | None = None,
) -> str:
    require_role(*WORKERS)
    viewer: Viewer = g.viewer
    chosen, start = chosen_of(WAITING_FILTERS), start_asked(request.args)
    with read() as session:
        shown = sites_today(session, viewer, now_ms(), chosen, start)
        colleagues = people_of_unit(session, viewer) if viewer.role in JUDGES else []
        saved = saved_filters(session, viewer, "today")
        absent = people_named(session, viewer.stands_for) if viewer.stands_for else {}
        names, proposals = read_names(session), count_to_decide(tx_of(session), viewer)
        asked = count_open(session, viewer)
    at_hand = {
        "whys": WHYS,
        "whys_short": _SHORT,
        "moved": MOVED,
        "moves_of": _moves_of,
        "people": PEOPLE,
    }
    outcome = {"done": done, "refused": refused, "problem": problem, "together": TOGETHER}
    limits = {"start": start, "most": SITES_SHOWN, "folded_shown": FOLDED_SHOWN}
    lists = {
        "chosen": chosen,
        "filters": WAITING_FILTERS,
        "colleagues": colleagues,
        "day": local_date_of(now_ms()),
        "saved": saved,
        "absent": list(absent.values()),
    }
    return render(
        "today.html",
        names,
        shown=shown,
        now=now_ms(),
        proposals=proposals,
        asked=asked,
        marked=_marked,
        address=url_for("console.show_today"),
        **at_hand,
        **outcome,
        **limits,
        **lists,
    )


def _moves_of(item: Item) -> list[tuple[str, str]]:
    """The moves that a flag's step waits for: (code, name). Work is never stopped by one click from a list."""
    wanted = EXPECTED.get(item.step.step, ())
    return [(action, MOVES[action].name) for action in wanted if action != _STOP]


def _marked(items: Sequence[Item]) -> str:
    """The flags of a row, as a form brings them back: each with the event after which it was seen."""
    return " ".join(f"{item.flag.id}:{item.flag.rev}" for item in items)


def _chosen_flags() -> list[tuple[str, int]]:
    """The flags that the form names, each once; none where there are more than FLAGS_AT_ONCE."""
    named = " ".join(request.form.getlist("flags"))
    found = {flag_id: int(rev) for flag_id, rev in _FLAG.findall(named)}
    return list(found.items()) if len(found) <= FLAGS_AT_ONCE else []
