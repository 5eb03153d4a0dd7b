"""A form is published, with the duties and the kinds of places and sites that come with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schemas.forms.faults import FormRefused
from schemas.forms.tables import tables_from_json, tables_json
from server.actions.approvals.effects import Checked, Effect, Payload
from server.actions.forms.check_form import Checked as CheckedForm
from server.actions.forms.check_form import check_form
from server.actions.forms.diff_form import diff_forms
from server.actions.forms.list_forms import reach_of
from server.actions.forms.publish_form import Signers, publish_form
from server.actions.forms.surroundings import versions_of
from server.base.problems import Problem
from server.models.access import Viewer
from server.models.audit import Deed, record_deed
from server.models.proposal import Proposal
from server.models.tx import Tx

_TITLES = {"duties": "职责", "duty_slots": "时段", "place_kinds": "场所类型", "site_kinds": "工地类型"}


def _check(tx: Tx, viewer: Viewer, payload: Payload) -> Checked:
    """`payload`: the `tables` of a workbook, as JSON."""
    tables = tables_from_json(payload.get("tables"))
    form = _checked(tx, payload).compiled.form
    return Checked(f"{form.title} ({form.code}) 第 {form.version} 版", {"tables": tables_json(tables)})


def _checked(tx: Tx, payload: Payload) -> CheckedForm:
    """Raises Problem 422 `form_refused` with all faults in `faults`."""
    try:
        return check_form(tx, tables_from_json(payload.get("tables")))
    except FormRefused as refused:
        faults = [fault.as_json() for fault in refused.faults]
        raise Problem("form_refused", str(refused), faults=faults) from refused


def _apply(tx: Tx, proposal: Proposal, viewer: Viewer, outside: Any) -> None:
    """What waits in quarantine for this form is judged again by the next tick."""
    _checked(tx, proposal.payload)
    tables = tables_from_json(proposal.payload["tables"])
    form = publish_form(tx, tables, Signers(proposal.proposed_by, viewer.id)).form
    changes = {"version": ("", form.version), "from": ("", form.since)}
    record_deed(tx.session, Deed("form_published", viewer.id, form.title, form.code, changes), tx.now_ms)


def _describe(tx: Tx, payload: Payload) -> Sequence[tuple[str, str]]:
    checked = _checked(tx, payload)
    form = checked.compiled.form
    reach = reach_of(tx.session, form)
    earlier = versions_of(tx.book, form.code)
    changes = diff_forms(earlier[-1] if earlier else None, form)
    rows = [f"{_TITLES[row.noun]} {row.data['code']}" for row in checked.rows]
    return (
        ("表单", f"{form.title} ({form.code}) 第 {form.version} 版"),
        ("起用日期", form.since),
        ("依据", f"{form.source} ({form.mark})"),
        ("涉及", f"工地 {reach.sites} 个, 平板 {reach.tablets} 台"),
        ("一起装入", ", ".join(rows) or "无"),
        ("改动", "; ".join(map(str, changes)) or "无"),
    )


EFFECT = Effect("publish_form", "发布表单", _check, _apply, _describe)
