"""Publish a form: a line of the server's own chain, a record that tablets pull, and the rows that come with it."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.forms.definition import Form, written
from schemas.forms.tables import Tables, tables_json
from server.actions.forms.append_line import append_line
from server.actions.forms.check_form import check_form
from server.actions.records.feed import Feed
from server.actions.reference.edit_rows import edit_rows, without_ended
from server.actions.reference.load_reference import mark_changed, tx_of
from server.actions.reference.publish_reference import form_put
from server.base.problems import Problem
from server.models.published_form import PublishedForm
from server.models.scope import REF, lock_scope, make_scope
from server.models.tx import Tx


@dataclass(frozen=True, slots=True)
class Signers:
    """Who wrote a form and who lets it take effect: two users; nobody, where a command on the server does both."""

    author_id: str | None = None
    approver_id: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing came to. `is_new`: not the content of a version that there was; `rows`: how many of those that came
    with it changed."""

    form: Form
    is_new: bool
    rows: int


def publish_form(tx: Tx, tables: Tables, signers: Signers | None = None) -> Published:
    """Publish a form with everything that comes with it, or nothing. Raises FormRefused with all faults, Problem 403 where
    one user would do both.

    Forms are published one after the other: the scope `ref` is locked first, and the book is read again. What waits in
    quarantine for this version is judged again afterwards (judge_again.py).
    """
    signers = signers or Signers()
    if signers.author_id is not None and signers.author_id == signers.approver_id:
        raise Problem("second_person_needed")
    make_scope(tx.session, "ref", REF)
    lock_scope(tx.session, REF)
    tx = tx_of(tx.session, tx.seals, tx.now_ms)
    checked = check_form(tx, tables)
    form = checked.compiled.form
    if checked.compiled.changed:
        _write(tx, form, tables, signers)
    brought = checked.rows if checked.compiled.changed else without_ended(tx, checked.rows)
    rows = edit_rows(tx, brought, checked.kinds.kinds)
    if checked.compiled.changed and not rows:
        mark_changed(tx.session)  # otherwise the rows have marked it already
    return Published(form, checked.compiled.changed, rows)


def _write(tx: Tx, form: Form, tables: Tables, signers: Signers) -> None:
    line = append_line(tx.session, tx.seals, form, tx.now_ms)
    scope = lock_scope(tx.session, REF)
    assert scope is not None
    feed = Feed(tx.session, scope, tx.seals, tx.now_ms)
    rev, seq = feed.put([form_put(form)])[line.id]
    feed.flush()
    line.rev, line.seq = rev, seq
    row = PublishedForm(code=form.code, version=form.version, body=written(form), entry_id=line.id)
    row.tables = tables_json(tables)
    row.author_id, row.approver_id, row.at_ms = signers.author_id, signers.approver_id, tx.now_ms
    tx.session.add(row)
    tx.session.flush()
