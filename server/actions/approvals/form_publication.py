"""A form is published, with the duties and the kinds of places and sites that come with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from schemas.forms.definition import Form
from schemas.forms.faults import FormRefused
from schemas.forms.tables import Tables, tables_from_json, tables_json
from server.actions.approvals.effects import Checked, Effect, Payload
from server.actions.forms.preview_form import Preview, preview_form
from server.actions.forms.publish_form import Signers, publish_form
from server.base.problems import Problem
from server.models.access import Viewer
from server.models.audit import Deed, record_deed
from server.models.proposal import Proposal
from server.models.tx import Tx


def preview(tx: Tx, tables: Tables) -> Preview:
    """A form as it would be published. Raises Problem 422 `form_refused` with all faults in `faults`."""
    try:
        return preview_form(tx, tables)
    except FormRefused as refused:
        faults = [fault.as_json() for fault in refused.faults]
        raise Problem("form_refused", str(refused), faults=faults, count=refused.count) from refused


def proposed_tables(payload: Payload) -> Tables:
    """The workbook that a proposal carries: `tables`, as JSON. It is kept as text: PostgreSQL's jsonb forgets the order of
    sheets and columns."""
    tables = payload.get("tables")
    return tables_from_json(json.loads(tables) if isinstance(tables, str) else tables)


def _check(tx: Tx, viewer: Viewer, payload: Payload) -> Checked:
    tables = proposed_tables(payload)
    return Checked(
        _named(preview(tx, tables).form), {"tables": json.dumps(tables_json(tables), ensure_ascii=False)}
    )


def _apply(tx: Tx, proposal: Proposal, viewer: Viewer, outside: Any) -> None:
    """What waits in quarantine for this form is judged again by the next tick."""
    tables = proposed_tables(proposal.payload)
    preview(tx, tables)
    form = publish_form(tx, tables, Signers(proposal.proposed_by, viewer.id)).form
    changes = {"version": ("", form.version), "from": ("", form.since)}
    record_deed(tx.session, Deed("form_published", viewer.id, form.title, form.code, changes), tx.now_ms)


def _describe(tx: Tx, payload: Payload) -> Sequence[tuple[str, str]]:
    """Nothing of its own: whoever decides sees the preview."""
    return ()


def _named(form: Form) -> str:
    ends = f", {form.to} 停用" if form.to is not None else ""
    return f"{form.title} ({form.code}) 第 {form.version} 版{ends}"


EFFECT = Effect("publish_form", "发布表单", _check, _apply, _describe)
