"""方案落实: a plan's own text, and what each measure has come to, from the city to the sentence to the site."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from flask import g, request

from server.actions.plans.show_plan import NARROWED, show_measure, windows_of_measure
from server.actions.plans.show_plan import show_plan as plan_of
from server.actions.reference.load_reference import rules_in_force
from server.actions.reference.name_codes import read_names
from server.base.db import read
from server.console.pages import JUDGES, blueprint, render, require_role
from server.models.access import sees_evidence
from server.models.user import ADMIN
from server.web.responses import now_ms

_CODE_MAX = 24  # of a district, unit or kind
_UNASKED = {  # of sites without a window: what that means
    "asked": "眼下不要求",
    "event": "没有发生",
    "case": "每个个案要求",
    "anytime": "随时记录",
    "coming": "尚未起用",
    "ended": "已停用",
    "planned": "尚未要求",
}
_TITLES = {"district": "区县", "unit": "科室 (单位)", "kind": "类型"}


@blueprint.get("/plan")
def show_plan() -> str:
    """The whole text; narrowed to a district, unit or kind of sites where that is asked for."""
    require_role(ADMIN, *JUDGES)
    narrowed = _narrowed()
    with read() as session:
        book = rules_in_force(session)
        shown = plan_of(session, g.viewer, book, request.args.get("plan"), narrowed, now_ms())
        names = read_names(session)
    return render("plan.html", names, shown=shown, **_words(narrowed))


@blueprint.get("/plan/<code>")
def show_plan_measure(code: str) -> str:
    """One measure: its duties and numbers with their sources, and how its sites stand."""
    require_role(ADMIN, *JUDGES)
    narrowed = _narrowed()
    with read() as session:
        shown = show_measure(session, g.viewer, rules_in_force(session), code, narrowed, now_ms())
        names = read_names(session)
    return render("plan_measure.html", names, shown=shown, **_words(narrowed))


@blueprint.get("/plan/<code>/sites/<uuid:site_id>")
def show_plan_site(code: str, site_id: UUID) -> str:
    """What one site was asked by a measure, and the record of each time."""
    require_role(ADMIN, *JUDGES)
    with read() as session:
        book = rules_in_force(session)
        sentence, site, windows = windows_of_measure(session, g.viewer, book, code, str(site_id), now_ms())
        names = read_names(session, str(site_id))
    kinds = {duty.code: duty.evidence for duty in sentence.duties}
    values = {"sentence": sentence, "site": site, "windows": windows, "kinds": kinds}
    return render("plan_site.html", names, may_open=sees_evidence(g.viewer), **values)


def _narrowed() -> dict[str, str]:
    """What was asked for, as far as it can be a code."""
    given = ((name, request.args.get(name, "")) for name in NARROWED)
    return {name: value for name, value in given if 0 < len(value) <= _CODE_MAX}


def _words(narrowed: Mapping[str, str]) -> dict[str, object]:
    return {
        "narrowed": narrowed,
        "nouns": NARROWED,
        "titles": _TITLES,
        "unasked": _UNASKED,
        "at_ms": now_ms(),
    }
