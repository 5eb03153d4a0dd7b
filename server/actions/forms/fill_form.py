"""Fill in a form without a tablet: whoever writes it may do so at the console, and the server writes the entry. What records
are changed so is in change_record.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session
from uuid_utils import uuid7

from schemas.expressions.evaluate import names_in
from schemas.forms.conditions import HIDDEN, Context
from schemas.forms.definition import Form, Item, conditions_of
from schemas.forms.kind import FormKind
from schemas.forms.validate import Verdict, validate_form_body
from schemas.places import PLACE_ID
from server.actions.forms.surroundings import versions_of
from server.actions.records.segments import read_bodies
from server.actions.sync.write_server_entries import Draft, write_server_entries
from server.base.clock import to_iso
from server.base.problems import Problem, not_found
from server.models.access import Viewer, sees_evidence, visible_sites
from server.models.place import places_of
from server.models.record import Record
from server.models.site import Site
from server.models.tx import Tx
from server.rules.calendar import HOUR_MS, local_date_of
from server.rules.from_rows import in_force
from server.rules.rulebook import Rulebook
from sync_protocol.outcomes import EFFECTIVE

_OFFERED = 500  # records that may be chosen, the latest
_SHOWN = 3  # texts of a record by which it is recognised
PLACE_NAME = "place_name"
OBSERVED = "/observed"

Options = Mapping[str, str]  # by what is sent


@dataclass(frozen=True, slots=True)
class Fillable:
    """A form as it is filled in at a site today. `options`: by field, what may be chosen; a field that is not there is
    typed. `places`: of the options of a place, by its id, what a body says of it. `numbers`: the rules that its conditions
    ask for, as they are today."""

    site: Site
    form: Form
    kind: FormKind
    today: str
    options: Mapping[str, Options]
    places: Mapping[str, Mapping[str, Any]]
    numbers: Mapping[str, float]

    @property
    def items(self) -> tuple[Item, ...]:
        """What is on the form today, as a tablet shows it: a field that must be filled in is, though it was retired."""
        items = self.form.items
        return tuple(
            one for one in items if one.to is None or self.today < one.to or one.required is not False
        )

    @property
    def place_field(self) -> str | None:
        """The field that asks for the place."""
        return next((item.name for item in self.form.items if _asks_for_place(item)), None)


def forms_to_fill(tx: Tx, viewer: Viewer, site: Site) -> list[Form]:
    """The forms that this viewer writes at a site today, each in the version in force."""
    today, found = local_date_of(tx.now_ms), []
    for code in sorted(tx.book.kinds.forms):
        begun = [form for form in versions_of(tx.book, code) if form.since <= today]
        form = begun[-1] if begun else None
        if form is not None and _is_meant(form, viewer, site, today, tx.book):
            found.append(form)
    return found


def form_to_fill(tx: Tx, viewer: Viewer, site_id: str, code: str) -> Fillable:
    """Raises Problem 404 for a site that is not this viewer's, and for a form that the viewer does not write there."""
    site = site_to_fill(tx.session, viewer, site_id)
    form = next((one for one in forms_to_fill(tx, viewer, site) if one.code == code), None)
    kind = tx.book.kinds.get(code, form.version) if form is not None else None
    if form is None or not isinstance(kind, FormKind):
        raise not_found()
    places = _places(tx, site, form)
    today = local_date_of(tx.now_ms)
    options = {item.name: _options(tx, site, form, item, today) for item in form.items}
    place = next((item.name for item in form.items if _asks_for_place(item)), None)
    if place is not None:
        options[place] = {key: str(said["name"]) for key, said in places.items()}
    offered = {name: some for name, some in options.items() if some is not None}
    return Fillable(site, form, kind, today, offered, places, _numbers(tx, form, today))


def site_to_fill(session: Session, viewer: Viewer, site_id: str) -> Site:
    """Raises Problem 404 for a site that is not this viewer's."""
    site = session.scalar(sa.select(Site).where(Site.id == site_id, visible_sites(viewer)))
    if site is None or not sees_evidence(viewer):
        raise not_found()
    return site


@dataclass(frozen=True, slots=True)
class Written:
    """What was filled in: the body, the files that it promises, and when the work was done, if that was earlier (补录)."""

    body: Mapping[str, Any]
    media: Sequence[dict[str, Any]] = ()
    observed_ms: int | None = None


def fill_form(tx: Tx, viewer: Viewer, filled: Fillable, written: Written) -> str:
    """Write a new record, as any tablet's entry is written; gives its id. What the form hides is dropped, as a tablet drops
    it. Raises Problem 422 with what is wrong, by field."""
    body, media, observed_ms = written.body, written.media, written.observed_ms
    context = context_of(tx, media, tx.now_ms if observed_ms is None else observed_ms)
    verdict = validate_form_body(filled.kind, "add", dict(body), context)
    hidden = {pointer.split("/")[2] for pointer, said in verdict.errors.items() if HIDDEN in said}
    clean = {name: value for name, value in body.items() if name not in hidden}
    if hidden:
        verdict = validate_form_body(filled.kind, "add", clean, context)
    late = {} if observed_ms is None else _late(tx, observed_ms)
    if verdict.code is not None or late:
        raise refused({**errors_by_field(verdict), **late})
    record = str(uuid7())
    kept, version = named_in(clean, media), filled.form.version
    draft = Draft(filled.form.code, "add", record, clean, form=version, media=kept, observed_ms=observed_ms)
    write_one(tx, viewer, filled.site.id, draft)
    return record


def context_of(tx: Tx, media: Sequence[Mapping[str, Any]], at_ms: int) -> Context:
    """What a body is validated in that is written now, of a moment."""
    today = local_date_of(at_ms)
    promised = frozenset(str(one["sha256"]) for one in media)
    return Context(today, lambda code: tx.book.kinds.number(code, today), promised)


def named_in(body: Mapping[str, Any], media: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """The files that a body names."""
    named = {one for value in body.values() if isinstance(value, list) for one in value}
    return tuple(one for one in media if one["sha256"] in named)


def errors_by_field(verdict: Verdict) -> dict[str, list[str]]:
    return {f"/{pointer.split('/', 2)[2]}": said for pointer, said in verdict.errors.items()}


def refused(errors: Mapping[str, Sequence[str]]) -> Problem:
    return Problem("invalid_input", "请改正标出的各项后再保存。", errors=dict(errors))


def write_one(tx: Tx, viewer: Viewer, site_id: str, draft: Draft) -> None:
    """Write one entry. Raises Problem 422 where it takes no effect."""
    (outcome,) = write_server_entries(tx.session, tx.seals, viewer.id, site_id, [draft], tx.now_ms)
    if outcome["outcome"] not in EFFECTIVE:
        raise Problem("invalid_input", "这条记录没有被接受, 请刷新页面后重新填写。")


def backfill_limit(tx: Tx) -> tuple[float, str]:
    """How many hours back work may have been done, and what says so."""
    today = local_date_of(tx.now_ms)
    row = in_force(tx.book.rows["rules"], "backfill_max_h", today)
    return tx.book.backfill_max_h(today), str(row["source"]) if row is not None else ""


def _late(tx: Tx, observed_ms: int) -> dict[str, list[str]]:
    """What is wrong with the time at which work is said to have been done, as a tablet says it."""
    hours, source = backfill_limit(tx)
    if observed_ms > tx.now_ms:
        return {OBSERVED: ["实际时间不能晚于现在。"]}
    if tx.now_ms - observed_ms > hours * HOUR_MS:
        return {OBSERVED: [f"只能补录 {hours:g} 小时以内的工作 (依据: {source})。"]}
    return {}


def _numbers(tx: Tx, form: Form, today: str) -> dict[str, float]:
    asked = {code for item in form.items for tree in conditions_of(item) for code in names_in(tree, "rule")}
    found = {code: tx.book.kinds.number(code, today) for code in asked}
    return {code: number for code, number in found.items() if number is not None}


def _is_meant(form: Form, viewer: Viewer, site: Site, today: str, book: Rulebook) -> bool:
    """Whether the form, or a duty that asks for its records, is for this viewer's role."""
    writers = {*form.writers, *book.writers_asked(form.code, site.kind, today)}
    is_of_site = not form.site_kinds or site.kind in form.site_kinds
    return viewer.role in writers and is_of_site and (form.to is None or today < form.to)


def _asks_for_place(item: Item) -> bool:
    by_kind = item.type == "select_one" and "place" in (item.role, item.name)
    return by_kind or item.file == "places"


def _places(tx: Tx, site: Site, form: Form) -> dict[str, dict[str, Any]]:
    """The places that a form may be about, by their ids: what a body says of each, and its `name`."""
    item = next((one for one in form.items if _asks_for_place(one)), None)
    if item is None:
        return {}
    kinds = form.choices(item) if item.type == "select_one" else item.kinds
    has_name = any(one.name == PLACE_NAME for one in form.items)
    found = {}
    for place in places_of(tx.session, [site.id])[site.id]:
        name = place.names[-1][0]
        if (place.to_ms is None or place.to_ms > tx.now_ms) and (not kinds or place.kind in kinds):
            by_kind = {item.name: place.kind, **({PLACE_NAME: name} if has_name else {})}
            said = by_kind if item.type == "select_one" else {}
            found[place.id] = {"name": name, "said": {**said, PLACE_ID: place.id}}
    return found


def _options(tx: Tx, site: Site, form: Form, item: Item, today: str) -> Options | None:
    if item.list is not None and item.type in ("select_one", "select_multiple"):
        offered = (one for one in form.lists[item.list] if one.to is None or today < one.to)
        return {one.name: one.label for one in offered}
    if item.type != "select_one_from_file" or item.file in ("places", "areas", "items"):
        return None
    return _records(tx, site, "worker" if item.file == "workers" else str(item.file))


def _records(tx: Tx, site: Site, kind: str) -> Options:
    """The latest records of a kind, as they are recognised: a person's name, or when it was and what it says first."""
    live = (Record.scope_id == site.id, Record.kind == kind, Record.deleted_ms.is_(None), Record.counts)
    query = sa.select(Record.id, Record.seq, Record.event_ms, Record.body).where(*live)
    rows = tx.session.execute(query.order_by(Record.seq.desc()).limit(_OFFERED)).all()
    found = {}
    for row, said in zip(rows, read_bodies(tx.session, tx.seals, site.id, rows), strict=True):
        body = msgspec.json.decode(said)
        found[row.id] = _recognised(body, None if "name" in body else row.event_ms)
    return found


def _recognised(body: Mapping[str, Any], event_ms: int | None) -> str:
    texts = [body["name"]] if "name" in body else [one for one in body.values() if isinstance(one, str)]
    when = [] if event_ms is None else [to_iso(event_ms)[:16].replace("T", " ")]
    return " ".join([*when, *texts[:_SHOWN]])
