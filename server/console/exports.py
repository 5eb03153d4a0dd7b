"""That somebody took a file out of the system is kept."""

from __future__ import annotations

from flask import g

from server.base.db import write
from server.models.audit import Deed, record_deed
from server.web.responses import now_ms


def note_export(subject: str, subject_id: str) -> None:
    """Keep that this user got a file. Called when the file is made and about to leave."""
    with write() as session:
        record_deed(session, Deed("exported", g.viewer.id, subject, subject_id), now_ms())
