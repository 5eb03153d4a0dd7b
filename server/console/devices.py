"""Devices: whose each is, when it was heard of, what it still holds, what its clock says; revoking one."""

from __future__ import annotations

from uuid import UUID

from flask import g, request, url_for

from schemas.limits import REASON_MAX
from server.actions.approvals.proposals import checked_reason
from server.actions.devices import revoke_device as revoking
from server.actions.devices import unlock_code
from server.actions.devices.find_devices import TEXT_MAX, devices_found, one_device
from server.actions.reference.load_reference import rules_in_force
from server.actions.reference.name_codes import read_names
from server.base.db import read
from server.base.problems import Problem
from server.console.pages import ROWS, blueprint, render, require_role, start_asked
from server.console.submit import Answer, submit, submit_once
from server.models.paging import Slice
from server.models.tx import Tx
from server.models.user import ADMIN
from server.rules.calendar import DAY_MS, local_date_of
from server.rules.from_rows import in_force
from server.web.responses import now_ms

_STATES = {"active": "在用", "revoked": "已注销"}


@blueprint.get("/admin/devices")
def list_devices() -> str:
    """The devices that somebody looks for; those silent for the longest first."""
    require_role(ADMIN)
    asked = {name: request.args.get(name, "") for name in ("state", "class", "text")}
    if not request.args:
        asked["state"] = "active"
    start = start_asked(request.args)
    with read() as session:
        found, total = devices_found(session, asked, Slice(start, ROWS))
        row = in_force(rules_in_force(session).rows["rules"], "device_dormant_d", local_date_of(now_ms()))
        names = read_names(session)
    quiet_ms = now_ms() - round(row["value"] * DAY_MS) if row is not None else 0
    listed = {"found": found, "total": total, "start": start, "rows": ROWS, "asked": asked}
    return render("devices.html", names, states=_STATES, quiet_ms=quiet_ms, text_max=TEXT_MAX, **listed)


@blueprint.get("/admin/devices/<uuid:device_id>")
def show_device(device_id: UUID) -> str:
    """One device and its sites."""
    return _page(str(device_id), None)


@blueprint.post("/admin/devices/<uuid:device_id>")
def revoke_device(device_id: UUID) -> Answer:
    """Revoke it, with a reason that is kept."""
    require_role(ADMIN)

    def act(tx: Tx) -> None:
        reason = checked_reason(request.form.get("reason", ""))
        revoking.revoke_device(tx.session, str(device_id), tx.now_ms, g.viewer.id, reason)

    here = url_for("console.show_device", device_id=device_id)
    return submit(act, here, lambda problem: _page(str(device_id), problem))


@blueprint.post("/admin/devices/<uuid:device_id>/unlock-code")
def show_unlock_code(device_id: UUID) -> Answer:
    """The code by which its user, who forgot the PIN, sets another: shown once for each reason that is given."""
    require_role(ADMIN)

    def act(tx: Tx) -> str:
        reason = checked_reason(request.form.get("reason", ""))
        return unlock_code.show_unlock_code(tx, str(device_id), g.viewer.id, reason)

    def page(problem: Problem) -> str:
        return _page(str(device_id), problem)

    return submit_once(act, lambda code: _page(str(device_id), None, code), page)


def _page(device_id: str, problem: Problem | None, code: str = "") -> str:
    require_role(ADMIN)
    with read() as session:
        found, sites = one_device(session, device_id)
        names = read_names(session)
    values = {"found": found, "sites": sites, "states": _STATES, "reason_max": REASON_MAX}
    return render("device.html", names, problem=problem, code=code, **values)
