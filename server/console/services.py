"""Where an administrator lets programs in: gate machines, real-name platforms, figures for others."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g, request, url_for

from schemas.limits import LABEL_MAX
from server.actions.accounts import service_accounts as services
from server.actions.accounts.service_accounts import SCOPES, NewService
from server.actions.events.sinks import ADDRESS_MAX, add_sink, close_sink, list_sinks
from server.actions.records.outbox import EVENT_TYPES
from server.actions.reference.check_codes import wrong
from server.actions.reference.name_codes import read_names
from server.actions.sites.assign_site import find_site
from server.base.db import read
from server.base.problems import Problem
from server.console.pages import blueprint, render, require_role
from server.console.submit import Answer, submit, submit_once
from server.models.service import SYSTEM_MAX
from server.models.site import Site
from server.models.tx import Tx
from server.models.user import ADMIN

SITES_CHARS_MAX = 2000


@blueprint.get("/admin/services")
def list_service_accounts() -> str:
    """Accounts and keys in use, with forms for new ones."""
    return _page(None)


@blueprint.post("/admin/services")
def add_service_account() -> Answer:
    """Add an account; its first key is shown this once."""
    require_role(ADMIN)
    typed = request.form

    def act(tx: Tx) -> str:
        sites = _sites(tx, typed.get("sites", ""))
        new = NewService(
            typed.get("name", ""),
            typed.getlist("scope"),
            sites,
            typed.get("everywhere") == "1",
            typed.get("system", ""),
        )
        return services.add_service(tx, new, g.viewer.id)[1]

    return submit_once(act, _shown_key, _page)


@blueprint.post("/admin/services/<uuid:account_id>/keys")
def make_service_key(account_id: UUID) -> Answer:
    """Another key for an account."""
    require_role(ADMIN)
    scopes = request.form.getlist("scope")

    def act(tx: Tx) -> str:
        account = services.open_service(tx.session, str(account_id))
        return services.make_key(tx, account, scopes, g.viewer.id)

    return submit_once(act, _shown_key, _page)


@blueprint.post("/admin/service-keys/<uuid:key_id>/revoke")
def revoke_service_key(key_id: UUID) -> Answer:
    """Revoke one key."""
    require_role(ADMIN)
    return submit(lambda tx: services.revoke_key(tx, str(key_id), g.viewer.id), _here(), _page)


@blueprint.post("/admin/services/<uuid:account_id>/close")
def close_service_account(account_id: UUID) -> Answer:
    """Close an account with all its keys."""
    require_role(ADMIN)
    return submit(lambda tx: services.close_service(tx, str(account_id), g.viewer.id), _here(), _page)


@blueprint.post("/admin/services/<uuid:account_id>/sinks")
def add_event_sink(account_id: UUID) -> Answer:
    """An address to which events are sent; its secret is shown this once."""
    require_role(ADMIN)
    address, types = request.form.get("address", ""), request.form.getlist("type")

    def act(tx: Tx) -> str:
        account = services.open_service(tx.session, str(account_id))
        return add_sink(tx, account, address, types, g.viewer.id)[1]

    return submit_once(act, _shown_key, _page)


@blueprint.post("/admin/event-sinks/<uuid:sink_id>/close")
def close_event_sink(sink_id: UUID) -> Answer:
    """Close one address."""
    require_role(ADMIN)
    return submit(lambda tx: close_sink(tx, str(sink_id), g.viewer.id), _here(), _page)


def _sites(tx: Tx, text: str) -> list[Site]:
    """The sites of a field, one a line. Raises Problem 422."""
    names = dict.fromkeys(line.strip() for line in text[:SITES_CHARS_MAX].splitlines() if line.strip())
    try:
        return [find_site(tx.session, name) for name in names]
    except Problem as problem:
        raise wrong("sites", problem.detail) from problem


def _here() -> str:
    return url_for("console.list_service_accounts")


def _shown_key(key: str) -> str:
    return _page(None, made=key)


def _page(problem: Problem | None, made: str | None = None) -> str:
    require_role(ADMIN)
    with read() as session:
        shown, sinks = services.list_services(session), list_sinks(session)
        names = read_names(session)
    limits = {"name_max": LABEL_MAX, "system_max": SYSTEM_MAX, "sites_max": SITES_CHARS_MAX}
    values: dict[str, Any] = {"shown": shown, "scopes": SCOPES, "made": made, "keys_max": services.KEYS_MAX}
    values |= {"sinks": sinks, "types": EVENT_TYPES, "address_max": ADDRESS_MAX}
    return render("admin_services.html", names, problem=problem, **values, **limits)
