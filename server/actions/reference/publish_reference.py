"""What tablets judge by comes down in scope `ref`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.forms.definition import Form, written
from schemas.forms.shipped import shipped_apart_from
from schemas.kind import Kind
from schemas.kinds import KINDS
from server.actions.records.feed import Feed, Put
from server.base.seal import Seals
from server.models.published_form import published_forms
from server.models.record import Record
from server.models.reference import marked_rows
from server.models.scope import REF, lock_scope, make_scope
from server.rules.duties.judge import REASONS
from server.rules.duties.windows import NORMAL
from server.rules.flags.words import OWN_NAMES, SLOTS
from server.rules.from_rows import Row, versions

Rows = Mapping[str, Sequence[Row]]

# By kind of record: the file of seed_data/ whose rows it brings, and what of a row besides `_OF_EVERY_ROW`.
_ROWS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "rule": ("rules", ("value", "unit")),
    "slot": ("slots", ("opens", "due")),
    "place_kind": ("place_kinds", ("living",)),
    "site_kind": ("site_kinds", ("unit", "rests")),
    "unit": ("units", ()),
    "risk_area": ("risk_areas", ("level",)),
    "report_line": ("report_lines", ("part",)),
}
_OF_EVERY_ROW = ("code", "name", "source", "mark")
# Of kinds of sites; of areas at risk; of whom a case is reported to.
_IF_GIVEN = ("worker_optional", "worker_required", "since", "dial", "district", "site")
# Lists of fields that come down otherwise.
_SERVED_NOUNS = ("place_kinds", "units", "duties")
# Words of codes that are not in a list of their field: a window's slots and reasons, and what the server itself does.
_MORE_WORDS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("window", "slot"): SLOTS,
    ("window", "reason"): REASONS,
    ("flag", "duty"): OWN_NAMES["duties"],
    ("flag", "unit"): OWN_NAMES["units"],
}
_KINDS = ("duty", *_ROWS, "words")


def publish_reference(session: Session, seals: Seals, now_ms: int) -> None:
    """Bring the records of scope `ref` up to the reference data: one for each code and date of effect, its source with it;
    the words of the kinds in code; one for each version of the forms that come with the server. What is not among them any
    more is deleted, so that tablets forget it."""
    make_scope(session, "ref", REF)
    scope = lock_scope(session, REF)
    assert scope is not None
    rows = marked_rows(session)
    puts = [*_duty_puts(rows), *_row_puts(rows), *_words_puts(rows)]
    feed = Feed(session, scope, seals, now_ms)
    feed.put(puts)
    known = {put.id for put in puts}
    live = sa.select(Record.id).where(
        Record.scope_id == REF, Record.kind.in_(_KINDS), Record.deleted_ms.is_(None)
    )
    feed.delete([key for key in session.scalars(live) if key not in known])
    feed.put([form_put(form) for form in shipped_apart_from(published_forms(session))])
    feed.flush()


def form_put(form: Form) -> Put:
    """One version of a form as tablets get it: its canonical JSON."""
    return Put("form", form_id(form.code, form.version), written(form))


def form_id(code: str, version: int) -> str:
    """The id of the record, and of the line, of one version of a form."""
    return _id("form", code, version)


def _id(kind: str, *named: str | int) -> str:
    return str(uuid.uuid5(uuid.UUID(REF), "|".join(map(str, (kind, *named)))))


def _duty_puts(rows: Rows) -> list[Put]:
    normal_rows = [row for row in rows.get("duty_slots", ()) if row["preset"] == NORMAL]
    puts = []
    for code in sorted({row["code"] for row in rows.get("duties", ())}):
        own = [row for row in rows["duties"] if row["code"] == code]
        for duty, normal, valid_from, valid_to in versions(
            own, [p for p in normal_rows if p["duty"] == code]
        ):
            body = _duty_body(duty, normal["slots"] if normal is not None else [], valid_from, valid_to)
            puts.append(Put("duty", _id("duty", code, valid_from), body))
    return puts


def _duty_body(
    row: Row, slots: Sequence[Mapping[str, Any]], valid_from: str, valid_to: str | None
) -> dict[str, Any]:
    body = {name: row[name] for name in ("code", "name", "cadence", "judging", "source")}
    body["slots"] = [
        {"slot": slot["code"], **{name: slot[name] for name in ("opens", "due", "admits") if name in slot}}
        for slot in slots
    ]
    return {
        **body,
        **_given(kind=row["evidence"], staff=row["staff"], valid_from=valid_from, valid_to=valid_to),
    }


def _row_puts(rows: Rows) -> list[Put]:
    return [
        Put(kind, _id(kind, row["code"], row["from"]), _row_body(row, names))
        for kind, (noun, names) in _ROWS.items()
        for row in rows.get(noun, ())
    ]


def _row_body(row: Row, names: Sequence[str]) -> dict[str, Any]:
    body = {name: row[name] for name in (*_OF_EVERY_ROW, *names)}
    more = {name: row.get(name) for name in _IF_GIVEN}
    return {**body, **_given(valid_from=row["from"], valid_to=row["to"], **more)}


def _words_puts(rows: Rows) -> list[Put]:
    """The titles and words of each kind in code."""
    return [
        Put("words", _id("words", kind.name), _words_body(kind, rows))
        for kind in KINDS.values()
        if isinstance(kind, Kind) and kind.name not in _KINDS
    ]


def _words_body(kind: Kind, rows: Rows) -> dict[str, Any]:
    items = []
    for name, field in kind.whole.fields.items():
        noun = field.metadata.get("noun", "")
        listed = {} if noun in _SERVED_NOUNS else {row["code"]: row["name"] for row in rows.get(noun, ())}
        more = dict(_MORE_WORDS.get((kind.name, name), {}))
        if (kind.name, name) == ("flag", "duty"):  # those of cases have the codes of steps
            more = {row["code"]: row["name"] for row in rows.get("case_steps", ())} | more
        words = {**field.metadata.get("words", {}), **listed, **more}
        said = [{"code": code, "word": word} for code, word in words.items()]
        items.append({"field": name, "title": field.metadata["title"], **_given(words=said)})
    return {"code": kind.name, "name": kind.title, "items": items}


def _given(**values: Any) -> dict[str, Any]:
    """Those that say something."""
    return {name: value for name, value in values.items() if value}
