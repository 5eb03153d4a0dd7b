"""What record_parts.html needs to show records as rows: their photos, and what their fields refer to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import g

from server.actions.reference.name_codes import Names
from server.actions.sites.list_records import ShownRecord, columns_of, logs_listed, refers_to
from server.actions.sites.one_record import shots_of, unnamed
from server.base.db import Session
from server.models.access import may_see_people
from server.models.site import Site


def record_parts(
    session: Session, names: Names, site: Site, records: Sequence[ShownRecord]
) -> dict[str, Any]:
    """Of records of one site."""

    def refs_of(kind: str) -> list[str | None]:
        refers = refers_to(names.kinds, kind)
        return [refers.get(name) for name in columns_of(names.kinds, kind)]

    return {
        "site": site,
        "logs": logs_listed(names.kinds, g.viewer),
        "shots": shots_of(session, site.id, records),
        "refs_of": refs_of,
        "unnamed": unnamed,
        "sees_people": may_see_people(g.viewer),
    }
