"""One record with all that belongs to it, and one person of a roster with the records that name them."""

from __future__ import annotations

from uuid import UUID

from flask import g

from server.actions.forms.change_record import may_change
from server.actions.forms.fill_form import forms_to_fill
from server.actions.reference.name_codes import read_names
from server.actions.rosters.list_people import LISTED, one_person
from server.actions.sites.list_records import columns_of, shown_records
from server.actions.sites.list_sites import one_site
from server.actions.sites.one_record import belonging, one_record
from server.actions.sites.record_filters import require_reader
from server.base.db import read
from server.console.pages import blueprint, render
from server.console.record_parts import record_parts
from server.console.records import check_listed
from server.web.responses import runtime, tx_of


@blueprint.get("/sites/<uuid:site_id>/records/<kind>/<uuid:record_id>")
def show_record(site_id: UUID, kind: str, record_id: UUID) -> str:
    """A record, its photos, and the records that belong to it."""
    site, seals = str(site_id), runtime().seals
    with read() as session:
        shown = one_site(session, g.viewer, site)
        names = read_names(session, site)
        check_listed(names, kind)
        require_reader(g.viewer)
        row = one_record(session, seals, g.viewer, site, kind, str(record_id))
        (record,) = shown_records(session, seals, g.viewer, names, [row])
        families = belonging(session, seals, g.viewer, names, site, (kind, record.id))
        written = {form.code: form for form in forms_to_fill(tx_of(session), g.viewer, shown.site)}
        records = [record, *(one for family in families for one in family.records)]
        parts = record_parts(session, names, shown.site, records)
    return render(
        "record.html",
        names,
        kind=kind,
        record=record,
        titles=list(columns_of(names.kinds, kind).values()),
        families=families,
        can_change=kind in written and may_change(written[kind], g.viewer),
        may_doubt=g.viewer.judges and names.kinds.kinds[kind].nature == "fact",
        **parts,
    )


@blueprint.get("/sites/<uuid:site_id>/people/<uuid:worker_id>")
def show_person(site_id: UUID, worker_id: UUID) -> str:
    """A person of the roster, numbers masked, and the records that name them."""
    site, seals = str(site_id), runtime().seals
    with read() as session:
        shown = one_site(session, g.viewer, site)
        names = read_names(session, site)
        person = one_person(session, seals, g.viewer, site, str(worker_id))
        families = belonging(session, seals, g.viewer, names, site, ("worker", str(worker_id)))
        records = [one for family in families for one in family.records]
        parts = record_parts(session, names, shown.site, records)
    companies = {company["code"]: company["name"] for company in shown.companies}
    columns = {
        name: title for name, title in LISTED.items() if name != "company" or g.viewer.role != "contractor"
    }
    return render(
        "person.html", names, person=person, families=families, companies=companies, columns=columns, **parts
    )
