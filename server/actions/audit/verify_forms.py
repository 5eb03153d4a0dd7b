"""Published forms against the lines by which they were published: a form whose content changed is found."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.forms.definition import written
from schemas.forms.shipped import shipped_forms
from server.actions.forms.append_line import KIND
from server.actions.reference.publish_reference import form_id
from server.actions.sync.log_lines import logged_line
from server.base.seal import Seals
from server.models.entry import LogEntry
from server.models.published_form import PublishedForm
from server.models.record import Record
from server.models.scope import REF

_Found = tuple[str, int, str]  # the form and its version, what is wrong


def form_faults(session: Session, seals: Seals) -> Iterator[_Found]:
    """Forms that are not what their lines say, or that tablets get otherwise; lines whose form is gone."""
    mine = (LogEntry.scope_id == REF, LogEntry.kind == KIND)
    lines = {row.id: row for row in session.scalars(sa.select(LogEntry).where(*mine))}
    of_ref = (Record.scope_id == REF, Record.kind == KIND, Record.deleted_ms.is_(None))
    served = dict(session.execute(sa.select(Record.id, Record.body).where(*of_ref)).all())
    for form in session.scalars(sa.select(PublishedForm).order_by(PublishedForm.code, PublishedForm.version)):
        line = lines.pop(form.entry_id, None)
        if line is None or form.entry_id != form_id(form.code, form.version):
            yield form.code, form.version, "no line of the chain published this form"
        elif not logged_line(session, seals, line).endswith(b'"body":' + form.body + b"}"):
            yield form.code, form.version, "the form was changed: its line says something else"
        elif served.pop(form.entry_id, None) != form.body:
            yield form.code, form.version, "tablets get another form than was published"
    for line in lines.values():
        yield line.id, line.form or 0, "the form that this line published is gone"
    for shipped in shipped_forms():
        body = served.pop(form_id(shipped.code, shipped.version), None)
        if body is not None and body != written(shipped):
            yield shipped.code, shipped.version, "tablets get another form than comes with the server"
    for key in sorted(served):
        yield key, 0, "tablets get a form that nobody published"
