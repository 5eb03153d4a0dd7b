"""The keys by their fingerprints, how far a change of key is, and retiring the old one, which two people decide."""

from __future__ import annotations

from flask import g, request, url_for

from schemas.limits import REASON_MAX
from server.actions.approvals import key_retirement
from server.actions.approvals.proposals import propose
from server.actions.ops.reseal import is_rotating, progress
from server.actions.reference.name_codes import read_names
from server.base.db import read
from server.base.problems import Problem
from server.base.seal import SEALING
from server.console.pages import blueprint, render, require_role
from server.console.submit import Answer, submit
from server.models.key import known_keys
from server.models.user import ADMIN
from server.web.responses import runtime

_USES = {"digest": "按证件号查找", "signing": "签回执和日志"}


@blueprint.get("/admin/keys")
def list_keys() -> str:
    """Every key that was ever in use; never the keys themselves."""
    return _page(None)


@blueprint.post("/admin/keys")
def propose_retiring() -> Answer:
    """Propose to retire an old sealing key."""
    require_role(ADMIN)
    asked, reason = {"name": request.form.get("name", "")}, request.form.get("reason", "")
    return submit(
        lambda tx: propose(tx, g.viewer, key_retirement.EFFECT.kind, asked, reason),
        url_for("console.list_proposals"),
        _page,
    )


def _page(problem: Problem | None) -> str:
    require_role(ADMIN)
    current = SEALING + runtime().seals.current_name
    with read() as session:
        keys = sorted(known_keys(session).items())
        passes = progress(session) if is_rotating(session) else []
        names = read_names(session)
    old = [
        name.removeprefix(SEALING)
        for name, key in keys
        if name.startswith(SEALING) and name != current and key.retired_ms is None
    ]
    options = [(name, name) for name in old]
    values = {"keys": keys, "current": current, "passes": passes, "old": options, "uses": _USES}
    return render("keys.html", names, problem=problem, reason_max=REASON_MAX, **values)
