"""The records of a site, kind by kind: listed by what one looks for, and taken home as a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from operator import itemgetter
from uuid import UUID

from flask import Response, g, request, stream_with_context

from schemas.limits import REASON_MAX, REASON_MIN
from server.actions.forms.change_record import may_change
from server.actions.forms.fill_form import forms_to_fill
from server.actions.reference.name_codes import Names, read_names
from server.actions.reference.record_words import coded
from server.actions.sites.list_records import columns_of, is_masked, logs_at, logs_listed, shown_records
from server.actions.sites.list_sites import one_site
from server.actions.sites.record_filters import (
    CHOICE_PATTERN,
    CHOICES_MAX,
    RECORD_FILTERS,
    SHOWN,
    Wanted,
    authors_at,
    check_wanted,
    choices_of,
    offered_filters,
    read_choices,
)
from server.actions.sites.record_pages import CURSOR_MAX, RecordRow, page_of_records
from server.base.db import Session, read
from server.base.problems import Problem, not_found
from server.console.filters import chosen_of
from server.console.forms import check_form
from server.console.pages import blueprint, render
from server.console.record_parts import record_parts
from server.models.access import may_unmask
from server.models.paging import Page
from server.web.responses import as_download, now_ms, runtime, tx_of
from server.workflows.export_records import export_records

_SHOWN = 100


@blueprint.get("/sites/<uuid:site_id>/records/<kind>")
def show_records(site_id: UUID, kind: str) -> str | tuple[str, int]:
    """The records of one kind, the latest first."""
    return _records_page(str(site_id), kind)


@blueprint.get("/sites/<uuid:site_id>/records/<kind>.<any(xlsx, csv):sort>")
def export_kind(site_id: UUID, kind: str, sort: str) -> Response | str | tuple[str, int]:
    """What is listed, as a file."""
    return _file(str(site_id), kind, sort, None)


@blueprint.post("/sites/<uuid:site_id>/records/<kind>.<any(xlsx, csv):sort>")
def export_full_kind(site_id: UUID, kind: str, sort: str) -> Response | str | tuple[str, int]:
    """The same with masked fields in full. The reason is kept."""
    check_form()
    return _file(str(site_id), kind, sort, request.form.get("reason", ""))


def _file(site_id: str, kind: str, sort: str, reason: str | None) -> Response | str | tuple[str, int]:
    with read() as session:
        one_site(session, g.viewer, site_id)
        names = read_names(session)
    check_listed(names, kind)
    wanted = _wanted(names, site_id, kind)
    try:
        file = export_records(runtime().seals, g.viewer, wanted, sort, reason, now_ms())
    except Problem as problem:
        if problem.status not in (409, 422):
            raise
        return _records_page(site_id, kind, problem)
    return as_download(stream_with_context(file.chunks), file.mime, file.name)


def _records_page(site_id: str, kind: str, problem: Problem | None = None) -> str | tuple[str, int]:
    """The page; filters that contradict each other are said on it."""
    with read() as session:
        shown = one_site(session, g.viewer, site_id)
        names = read_names(session, site_id)
        check_listed(names, kind)
        wanted = _wanted(names, site_id, kind)
        page: Page[RecordRow] = Page([], None)
        try:
            page = _page(session, names, wanted)
        except Problem as found:
            if found.status != 422:
                raise
            problem = problem or found
        records = shown_records(session, runtime().seals, g.viewer, names, page.items)
        parts = record_parts(session, names, shown.site, records)
        tabs = {**logs_at(session, names.kinds, g.viewer, shown.site), kind: names.kinds.kinds[kind].title}
        lists = {
            "authors": authors_at(session, site_id),
            "places": sorted(names.all("places"), key=itemgetter(1)),
        }
        written = {form.code: form for form in forms_to_fill(tx_of(session), g.viewer, shown.site)}
    html = render(
        "records.html",
        names,
        shown=shown,
        kind=kind,
        problem=problem,
        records=records,
        next=page.next,
        tabs=tabs,
        titles=list(columns_of(names.kinds, kind).values()),
        filters=offered_filters(names.kinds.kinds[kind]),
        chosen=wanted.chosen,
        asked=_asked(wanted),
        lists=lists,
        may_doubt=g.viewer.judges and names.kinds.kinds[kind].nature == "fact",
        choices=_choices_offered(names, kind, wanted),
        can_fill=kind in written,
        can_change=kind in written and may_change(written[kind], g.viewer),
        is_masked=is_masked(names.kinds, kind) and may_unmask(g.viewer),
        reason_min=REASON_MIN,
        reason_max=REASON_MAX,
        **parts,
    )
    return html if problem is None else (html, problem.status)


def _page(session: Session, names: Names, wanted: Wanted) -> Page[RecordRow]:
    wanted = check_wanted(session, g.viewer, names.kinds, wanted)
    cursor = request.args.get("cursor", "")[:CURSOR_MAX]
    return page_of_records(session, runtime().seals, g.viewer, wanted, cursor, _SHOWN)


def check_listed(names: Names, kind: str) -> None:
    """Raises Problem 404 for a kind that has no page for this viewer."""
    if kind not in logs_listed(names.kinds, g.viewer):
        raise not_found()


def _wanted(names: Names, site_id: str, kind: str) -> Wanted:
    """What the address asks for; what none can have is left out."""
    offered = choices_of(names.kinds, kind)
    given = [text for text in request.args.getlist("choice") if re.fullmatch(CHOICE_PATTERN, text)]
    choices = [
        (name, value) for name, value in read_choices(given) if value in offered.get(name, ("", {}))[1]
    ]
    chosen = chosen_of(offered_filters(names.kinds.kinds[kind]), voided=SHOWN)
    return Wanted((kind,), True, site_id, chosen, tuple(choices[:CHOICES_MAX]))


def _asked(wanted: Wanted) -> dict[str, str | list[str]]:
    """The filters of an address to the same."""
    own = {one.name: value for one in RECORD_FILTERS if (value := wanted.chosen.get(one.name))}
    return {**own, "choice": [f"{name}:{value}" for name, value in wanted.choices]}


def _choices_offered(names: Names, kind: str, wanted: Wanted) -> list[tuple[str, Mapping[str, str], str]]:
    """For each field of a closed list: its title, what may be chosen, and what is."""
    chosen = dict(wanted.choices)
    return [
        (
            title,
            {f"{name}:{code}": coded(names, kind, name, code) or word for code, word in words.items()},
            f"{name}:{chosen.get(name, '')}",
        )
        for name, (title, words) in choices_of(names.kinds, kind).items()
    ]
