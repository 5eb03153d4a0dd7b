"""Packs: what comes with the server, what of it is loaded, and a proposal to load it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, request, url_for

from schemas.limits import REASON_MAX
from server.actions.approvals.pack_loading import EFFECT, shipped_pack
from server.actions.approvals.pack_season import EFFECT as SEASON
from server.actions.approvals.pack_season import WAYS
from server.actions.approvals.proposals import propose
from server.actions.packs.loaded_packs import LoadedPack, loaded_packs
from server.actions.packs.show_pack import contents_of
from server.actions.reference.name_codes import read_names
from server.base.db import read
from server.base.problems import Problem
from server.console.pages import blueprint, render, require_role
from server.console.submit import Answer, submit
from server.files.pack_files import Pack, shipped_packs
from server.models.tx import Tx
from server.models.user import ADMIN


@dataclass(frozen=True, slots=True)
class Listed:
    """A pack that comes with the server, and as what it was loaded last."""

    name: str
    pack: Pack
    loaded: LoadedPack | None


@blueprint.get("/admin/packs")
def list_packs() -> str:
    """The packs that come with the server, and what else was loaded."""
    require_role(ADMIN)
    with read() as session:
        loaded, names = loaded_packs(session), read_names(session)
    packs = [(name, shipped_pack(name)) for name in shipped_packs()]
    listed = [Listed(name, pack, loaded.pop(pack.code, None)) for name, pack in packs]
    return render("packs.html", names, listed=listed, others=list(loaded.values()))


@blueprint.get("/admin/packs/<name>")
def show_pack(name: str) -> str:
    """What a pack brings."""
    return _page(name, None)


@blueprint.post("/admin/packs/<name>")
def propose_pack(name: str) -> Answer:
    """Propose to load it: it is checked as it would be loaded, and changes nothing."""
    require_role(ADMIN)

    def act(tx: Tx) -> None:
        propose(tx, g.viewer, EFFECT.kind, {"pack": name}, request.form.get("reason", ""))

    return submit(act, url_for("console.list_proposals"), lambda problem: _page(name, problem))


@blueprint.post("/admin/packs/<name>/season")
def propose_season(name: str) -> Answer:
    """Propose to switch its duties on or off from a date on."""
    require_role(ADMIN)

    def act(tx: Tx) -> None:
        given = {field: request.form.get(field, "") for field in ("way", "day", "source")}
        propose(tx, g.viewer, SEASON.kind, {"pack": name, **given}, request.form.get("reason", ""))

    return submit(act, url_for("console.list_proposals"), lambda problem: _page(name, problem))


def _page(name: str, problem: Problem | None) -> str:
    require_role(ADMIN)
    pack = shipped_pack(name)
    with read() as session:
        loaded, names = loaded_packs(session).get(pack.code), read_names(session)
    values = {"name": name, "pack": pack, "loaded": loaded, "contents": contents_of(pack), "ways": WAYS}
    return render("pack.html", names, problem=problem, reason_max=REASON_MAX, **values)
