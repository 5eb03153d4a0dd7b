"""Papers: the register, one paper with its draft, signing and service, its PDF, and what is not known yet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from schemas.limits import FLAG_MEDIA_MAX, PAPER_OFFICERS_MAX, PAPER_TEXT_MAX, REASON_MAX
from server.actions.flags.list_flags import one_flag
from server.actions.media.get_media import kept_at
from server.actions.papers.read_papers import (
    PaperFile,
    bases_for,
    company_of,
    kind_row,
    may_write,
    officers_in_force,
    paper_of,
    register,
)
from server.actions.papers.sealed_words import draft_of, said_of
from server.actions.papers.serve_paper import WAYS, Served, serve_paper
from server.actions.papers.set_up import questions_of
from server.actions.papers.write_paper import (
    Typed,
    content_of,
    edit_paper,
    sign_paper,
    start_paper,
    void_paper,
)
from server.actions.reference.name_codes import read_names
from server.base.db import read, write
from server.base.problems import Problem
from server.console.exports import note_export
from server.console.filled import local_minute, moment_ms
from server.console.forms import check_form, claim, typed
from server.console.pages import ROWS, blueprint, render, require_role, start_asked
from server.console.submit import Answer, submit
from server.documents.write_documents import PDF
from server.models.paper import STATES
from server.rules.calendar import local_date_of
from server.rules.papers.fields import FIELDS
from server.rules.papers.template import fields_of_lines, has_block
from server.rules.papers.uses import EXPECTS_POWER, USES
from server.web.responses import as_download, now_ms, runtime, tx_of, uploaded_photos
from server.workflows.print_papers import Printed, print_paper, print_receipt
from server.workflows.receive_media import keep_photo

_READERS = ("contractor", "inspector", "section", "brigade")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILTERS = {**STATES, "unserved": "待送达"}


@blueprint.get("/papers")
def list_papers() -> str:
    """The register: every number that was taken, void ones too."""
    require_role(*_READERS)
    chosen = {name: request.args.get(name, "") for name in ("kind", "state", "number")}
    chosen["kind"] = chosen["kind"] if chosen["kind"] in USES else ""
    chosen["state"] = chosen["state"] if chosen["state"] in _FILTERS else ""
    chosen["number"] = chosen["number"].strip()[:64]
    start = start_asked(request.args)
    with read() as session:
        rows, total = register(session, g.viewer, chosen, start, ROWS)
        tx, names = tx_of(session), read_names(session)
        kinds = [(kind, kind_row(tx.book, kind, local_date_of(now_ms()))["name"]) for kind in USES]
    shown: dict[str, Any] = {"rows": rows, "total": total, "start": start, "most": ROWS, "chosen": chosen}
    return render("papers.html", names, **shown, kinds=kinds, filters=_FILTERS, states=STATES, uses=USES)


@blueprint.get("/papers/set-up")
def show_paper_set_up() -> str:
    """What papers need to know of the bureau, with what is not answered yet first."""
    require_role("admin", "section", "brigade")
    with read() as session:
        tx, names = tx_of(session), read_names(session)
        asked = questions_of(tx)
    return render("paper_set_up.html", names, asked=asked)


@blueprint.post("/flags/<uuid:flag_id>/papers")
def start_flag_paper(flag_id: UUID) -> AnyResponse:
    """A new draft for a flag."""
    check_form()
    with write() as session:
        made = start_paper(tx_of(session), g.viewer, str(flag_id), request.form.get("kind", "")[:64])
        return redirect(url_for("console.show_paper", paper_id=made.id), 303)


@blueprint.get("/papers/<uuid:paper_id>")
def show_paper(paper_id: UUID) -> str:
    """One paper."""
    return _page(str(paper_id), None)


@blueprint.post("/papers/<uuid:paper_id>/draft")
def keep_paper_draft(paper_id: UUID) -> Answer:
    """Keep what was typed, and the photos that came with it."""
    check_form()
    paper, photos = str(paper_id), [one for one in request.form.getlist("photo") if _SHA256.fullmatch(one)]
    try:
        sent = uploaded_photos("photos", FLAG_MEDIA_MAX - len(photos))
        if sent:
            with read() as session:
                site_id = paper_of(session, g.viewer, paper).site.id
            photos += [keep_photo(runtime().media, g.viewer, site_id, data, now_ms()) for data in sent]
        said = _typed(photos)
        with write() as session:
            if claim(session):
                edit_paper(tx_of(session), g.viewer, paper, said)
    except Problem as problem:
        if problem.status in (403, 404):
            raise
        return _page(paper, problem), problem.status
    return redirect(url_for("console.show_paper", paper_id=paper_id), 303)


@blueprint.post("/papers/<uuid:paper_id>/sign")
def sign_one_paper(paper_id: UUID) -> Answer:
    """Take the number, and keep what it says."""
    return _acted(str(paper_id), lambda tx: sign_paper(tx, g.viewer, str(paper_id)))


@blueprint.post("/papers/<uuid:paper_id>/void")
def void_one_paper(paper_id: UUID) -> Answer:
    """Void it, or throw a draft away."""
    with read() as session:
        file = paper_of(session, g.viewer, str(paper_id))
        is_draft, flag_id = file.paper.state == "draft", file.flag.id
    reason = request.form.get("reason", "")
    shown = url_for("console.show_paper", paper_id=paper_id)
    return submit(
        lambda tx: void_paper(tx, g.viewer, str(paper_id), reason),
        url_for("console.show_flag", flag_id=flag_id) if is_draft else shown,
        lambda problem: _page(str(paper_id), problem),
    )


@blueprint.post("/papers/<uuid:paper_id>/service")
def serve_one_paper(paper_id: UUID) -> Answer:
    """Record how it was served."""
    form = request.form
    names = ("place", "receiver", "relation", "witness", "servers", "refusal", "note")
    said = {name: form.get(name, "") for name in names}

    def act(tx: Any) -> None:
        at_ms = moment_ms(form.get("at", "")) or 0
        way, confirmed = form.get("way", ""), form.get("confirmed") == "1"
        serve_paper(tx, g.viewer, str(paper_id), Served(way, at_ms, **said, confirmed=confirmed))

    return _acted(str(paper_id), act)


@blueprint.get("/papers/<uuid:paper_id>/paper.pdf")
def show_paper_file(paper_id: UUID) -> Response:
    """The paper, to be printed."""
    return _download(print_paper(runtime(), g.viewer, str(paper_id), now_ms()), str(paper_id))


@blueprint.get("/papers/<uuid:paper_id>/receipt.pdf")
def show_paper_receipt(paper_id: UUID) -> Response:
    """Its 送达回证."""
    return _download(print_receipt(runtime(), g.viewer, str(paper_id), now_ms()), str(paper_id))


def _download(printed: Printed, paper_id: str) -> Response:
    data, name, site = printed
    note_export(f"{site}: {name}", paper_id)
    return as_download(data, PDF, name)


def _acted(paper_id: str, act: Any) -> Answer:
    return submit(
        act, url_for("console.show_paper", paper_id=paper_id), lambda problem: _page(paper_id, problem)
    )


def _typed(photos: Sequence[str]) -> Typed:
    form, fields = request.form, dict[str, str]()
    for name, one in FIELDS.items():
        text = form.get(f"field.{name}", "")
        if one.asks == "moment":
            at_ms = moment_ms(text)
            fields[name] = str(at_ms) if at_ms is not None else ""
        elif one.asks:
            fields[name] = text
    officers = [code for code in form.getlist("officer") if code][:PAPER_OFFICERS_MAX]
    return Typed(fields, officers, form.get("basis", "")[:64], list(dict.fromkeys(photos)))


def _shown(name: str, text: str) -> str:
    """A field's value as its input has it."""
    return local_minute(int(text)) if FIELDS[name].asks == "moment" and text.isdecimal() else text


def _page(paper_id: str, problem: Problem | None) -> str:
    require_role(*_READERS)
    with read() as session:
        file = paper_of(session, g.viewer, paper_id)
        tx, paper = tx_of(session), file.paper
        date = local_date_of(now_ms())
        row = kind_row(tx.book, paper.kind, date)
        content = content_of(tx, file)
        writes = may_write(tx, g.viewer, file.flag, file.site, row)
        names = read_names(session, file.site.id)
        draft = draft_of(tx.seals, paper)
        services = [(one, said_of(tx.seals, one)) for one in file.services]
        options = {
            "officers": officers_in_force(tx.book, date),
            "bases": bases_for(tx.book, file.flag.duty, EXPECTS_POWER.get(row["power"], ()), date),
            "photos": _choosable(session, file, draft) if writes and paper.state == "draft" else [],
        }
        party = company_of(session, file.flag)[1]
    fields = [FIELDS[name] for name in fields_of_lines(row["lines"]) if FIELDS[name].asks]
    values: Mapping[str, str] = draft.get("fields", {})
    shown: dict[str, Any] = {
        "file": file,
        "paper": paper,
        "written": draft,
        "services": services,
        "row": row,
        "content": content,
        "writes": writes,
        "fields": fields,
        "values": {one.name: _shown(one.name, str(values.get(one.name, ""))) for one in fields},
        "has_photos": has_block(row["lines"], "photos"),
        "has_seal": has_block(row["lines"], "seal"),
        "use": USES[paper.kind],
        "party": party,
        "problem": problem,
        "kept": typed(url_for("console.keep_paper_draft", paper_id=paper_id)),
        "served": typed(url_for("console.serve_one_paper", paper_id=paper_id)),
    }
    limits = {"text_max": PAPER_TEXT_MAX, "reason_max": REASON_MAX, "media_max": FLAG_MEDIA_MAX}
    return render("paper.html", names, **shown, **options, **limits, ways=WAYS, states=STATES)


def _choosable(session: Any, file: PaperFile, draft: Mapping[str, Any]) -> list[str]:
    """Photos of the flag that the paper may show, those that are chosen first."""
    whole = one_flag(session, g.viewer, file.flag.id)
    hashes = list(draft.get("photos", ()))
    hashes += [one for event in whole.events for one in event["detail"].get("media", ())]
    hashes += [one["sha256"] for entry in whole.entries for one in entry["media"] if one["arrived"]]
    kept = kept_at(session, g.viewer, file.site.id, hashes)
    pictures = {one.sha256 for one in kept if one.type != PDF}
    return [one for one in dict.fromkeys(hashes) if one in pictures]
