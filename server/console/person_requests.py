"""个人信息请求: what people ask about their own data, until when it has to be answered, and the answers."""

from __future__ import annotations

from uuid import UUID

from flask import g, request, url_for

from server.actions.erasure import person_requests as requests
from server.actions.erasure.person_requests import Said
from server.actions.reference.check_codes import wrong
from server.actions.reference.name_codes import read_names
from server.actions.sites.assign_site import find_site
from server.base.db import read
from server.base.problems import Problem
from server.console.pages import JUDGES, blueprint, render, require_role
from server.console.submit import Answer, submit
from server.models.tx import Tx
from server.models.user import ADMIN
from server.rules.person_requests import KINDS, OUTCOMES
from server.web.responses import now_ms, runtime

_LIMITS = {
    "name_max": requests.NAME_MAX,
    "contact_max": requests.CONTACT_MAX,
    "text_max": requests.TEXT_MAX,
}


@blueprint.get("/person-requests")
def list_person_requests() -> str:
    """Open requests by when they are due, then answered ones; a form for a new one."""
    return _page(None)


@blueprint.post("/person-requests")
def take_person_request() -> Answer:
    """Note a request that came to the office."""
    require_role(ADMIN, *JUDGES)
    typed = request.form

    def act(tx: Tx) -> None:
        said = Said(typed.get("name", ""), typed.get("contact", ""), typed.get("text", ""))
        site = typed.get("site", "").strip()
        try:
            found = find_site(tx.session, site) if site else None
        except Problem as problem:
            raise wrong("site", problem.detail) from problem
        requests.take_request(tx, g.viewer, typed.get("kind", ""), said, found)

    return submit(act, url_for("console.list_person_requests"), _page)


@blueprint.post("/person-requests/<uuid:request_id>/answer")
def answer_person_request(request_id: UUID) -> Answer:
    """Close one with what was answered."""
    require_role(ADMIN, *JUDGES)
    outcome, answer = request.form.get("outcome", ""), request.form.get("answer", "")
    return submit(
        lambda tx: requests.answer_request(tx, g.viewer, str(request_id), outcome, answer),
        url_for("console.list_person_requests"),
        _page,
    )


def _page(problem: Problem | None) -> str:
    require_role(ADMIN, *JUDGES)
    with read() as session:
        shown = requests.list_requests(session, runtime().seals, g.viewer)
        names = read_names(session)
    words = {"kinds": KINDS, "outcomes": OUTCOMES}
    return render(
        "person_requests.html", names, problem=problem, requests=shown, now=now_ms(), **words, **_LIMITS
    )
