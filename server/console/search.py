"""查找: one field on every page, for sites, flags, documents and people. What is searched for is in no address."""

from __future__ import annotations

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.actions.flags.document_facts import flag_number
from server.actions.reference.name_codes import read_names
from server.actions.rosters.search_all import TEXT_MAX, Found, search_all
from server.base.db import read, write
from server.base.problems import Problem
from server.console.forms import check_form
from server.console.pages import blueprint, render
from server.models.access import may_see_people
from server.models.paper import STATES
from server.web.responses import tx_of


@blueprint.get("/search")
def show_search() -> str:
    """What can be searched for."""
    return _page(None)


@blueprint.post("/search")
def search() -> str | tuple[str, int] | AnyResponse:
    """What was found; a flag or a paper that is the only one is opened."""
    check_form()
    text = request.form.get("text", "")[:TEXT_MAX]
    try:
        with write() as session:
            found = search_all(tx_of(session), g.viewer, text)
    except Problem as problem:
        return _page(None, problem), problem.status
    if len(found.papers) == 1 and not found.sites:
        return redirect(url_for("console.show_paper", paper_id=found.papers[0][0].id), 303)
    if len(found.flags) == 1:
        return redirect(url_for("console.show_flag", flag_id=found.flags[0][0].id), 303)
    return _page(found)


def _page(found: Found | None, problem: Problem | None = None) -> str:
    with read() as session:
        names = read_names(session)
    may = may_see_people(g.viewer)
    shown = {"found": found, "problem": problem, "may_see_people": may, "paper_states": STATES}
    return render("search.html", names, **shown, number_of=flag_number)
