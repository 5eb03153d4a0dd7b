"""Records in words: as pages of the console and as rows of files. Kinds in code that are sealed name people or their health,
and have no page of their own here; forms that are sealed do, for those who may see people, with their masks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.book import AnyKind, FormBook
from schemas.forms.kind import FormKind
from schemas.forms.surroundings import ONCE_CODE
from schemas.kind import Kind
from server.actions.accounts.name_people import name_people
from server.actions.reference.name_codes import Names
from server.actions.reference.record_words import value
from server.actions.sites.record_pages import RecordRow, named_people
from server.base.clock import to_iso
from server.base.seal import Seals
from server.models.access import Viewer, sees_cases, sees_kind
from server.models.record import Record
from server.models.site import Site

_HASH = re.compile("[0-9a-f]{64}")
_TIME, _PERSON, _MARK, _ID = "时间", "填写人", "备注 (系统)", "记录编号"
_BACKFILLED, _UNPLACED = "补录", "场所待核对"
_STATES = {"voided": "已作废", "corrected": "已更正", "merged": "已合并", "deleted": "已删除"}


class Cell(NamedTuple):
    """A field of a record in words, and as its body says it."""

    text: str
    said: Any

    @property
    def hashes(self) -> list[str]:
        """The attachments that it names."""
        texts = self.said if isinstance(self.said, list) else []
        return texts if all(isinstance(one, str) and _HASH.fullmatch(one) for one in texts) else []

    @property
    def value(self) -> str | float:
        """What a file has: a number as a number."""
        is_number = isinstance(self.said, int | float) and not isinstance(self.said, bool)
        return self.said if is_number and self.text == str(self.said) else self.text


@dataclass(frozen=True, slots=True)
class ShownRecord:
    """One record: when and by whom, its fields in words by their titles, and what there is to say of it."""

    id: str
    at_ms: int | None
    person: str
    cells: list[Cell]
    mark: str

    def values(self) -> list[str | float]:
        """Its row in a file; the titles are `titles_of`."""
        at = "" if self.at_ms is None else to_iso(self.at_ms)[:19].replace("T", " ")
        return [at, self.person, *(cell.value for cell in self.cells), self.mark, self.id]


def logs_listed(kinds: FormBook, viewer: Viewer) -> Mapping[str, str]:
    """The kinds that have a page for this viewer, with their titles."""
    logs = (kind for kind in kinds.kinds.values() if kind.nature != "server" and not kind.own)
    return {kind.name: kind.title for kind in logs if _is_listed(kind, viewer)}


def logs_at(session: Session, kinds: FormBook, viewer: Viewer, site: Site) -> Mapping[str, str]:
    """Those that a site has: what its kind of site fills in, and what it has records of. At most one statement."""
    listed = logs_listed(kinds, viewer)
    others = [name for name in listed if not _is_filled_in(kinds, name, site.kind)]
    if not others:
        return listed
    literals = sa.union_all(*(sa.select(sa.literal(name).label("kind")) for name in others)).subquery()
    is_any = sa.select(sa.literal(1)).where(Record.scope_id == site.id, Record.kind == literals.c.kind)
    kept = set(session.scalars(sa.select(literals.c.kind).where(is_any.correlate(literals).exists())))
    return {name: title for name, title in listed.items() if name not in others or name in kept}


def _is_filled_in(kinds: FormBook, kind: str, site_kind: str) -> bool:
    latest = kinds.kinds[kind]
    asked = latest.form.site_kinds if isinstance(latest, FormKind) else ()
    return not asked or site_kind in asked


def _is_listed(kind: AnyKind, viewer: Viewer) -> bool:
    if not sees_kind(viewer, kind.name):
        return False
    if isinstance(kind, Kind) or kind.name in ONCE_CODE:
        return kind.nature == "fact" and not kind.sealed
    return not kind.sealed or sees_cases(viewer)


def columns_of(kinds: FormBook, kind: str) -> Mapping[str, str]:
    """The fields of a kind with their titles and units, as its records show them: those of its latest version, then those
    that only earlier ones have."""
    found: dict[str, str] = {}
    for version in kinds.versions(kind):
        items = version.form.items if isinstance(version, FormKind) else ()
        units = {item.name: f" ({item.unit})" for item in items if item.unit and item.unit not in item.label}
        for name, field in version.whole.fields.items():
            found.setdefault(name, str(field.metadata["title"]) + units.get(name, ""))
    return found


def refers_to(kinds: FormBook, kind: str) -> Mapping[str, str]:
    """The fields of a kind that hold the id of a record, and of which kind."""
    found: dict[str, str] = {}
    for version in kinds.versions(kind):
        for name, field in version.whole.fields.items():
            if field.metadata.get("refers"):
                found.setdefault(name, str(field.metadata["refers"]))
    return found


def titles_of(kinds: FormBook, kind: str) -> list[str]:
    """Above the rows of a file."""
    return [_TIME, _PERSON, *columns_of(kinds, kind).values(), _MARK, _ID]


def served_as(kinds: FormBook, kind: str) -> Mapping[str, str]:
    """Under which name each field of a kind is served, by the policies of its versions; those that never leave are left
    out."""
    found: dict[str, str] = {}
    for version in kinds.versions(kind):
        policies = version.schema.privacy
        for name in version.whole.fields:
            policy = policies.get(name)
            renamed = policy.served_as if policy is not None else None
            found.setdefault(name, name if renamed is None else renamed)
    return {name: served for name, served in found.items() if served}


def is_masked(kinds: FormBook, kind: str) -> bool:
    """Whether records of a kind have fields that are shown in full only for a reason that is kept."""
    policies = (policy for version in kinds.versions(kind) for policy in version.schema.privacy.values())
    return any(policy.mask is not None for policy in policies)


def shown_records(
    session: Session, seals: Seals, viewer: Viewer, names: Names, rows: Sequence[RecordRow]
) -> list[ShownRecord]:
    """Records of one kind in words. `names` knows the places of their sites. A contractor reads the names of the own
    company's people only."""
    if not rows:
        return []
    kind = rows[0].kind
    company = viewer.company if viewer.role == "contractor" else None
    people = name_people(session, seals, named_people(names.kinds, rows), company)
    served, fields = served_as(names.kinds, kind), columns_of(names.kinds, kind)
    where = names.kinds.kinds[kind].place_fields
    word = cache(lambda name, text: value(names, kind, name, text, people))  # the same few come over and over
    found = []
    for row in rows:
        said = dict(row.body)
        if where is not None and where.id is not None and row.subject in names.known["places"]:
            said.setdefault(where.id, row.subject)
        cells = [_cell(word, name, _said(said, name, served)) for name in fields]
        found.append(ShownRecord(row.id, row.event_ms, row.author, cells, _mark(row)))
    return found


def _said(body: Mapping[str, Any], name: str, served: Mapping[str, str]) -> Any:
    """What a body says of a field: in full under its own name, or as it is served."""
    return body.get(name, body.get(served.get(name, name)))


def _mark(row: RecordRow) -> str:
    unplaced = row.counts and row.maybe_places
    marks = (
        _BACKFILLED if row.backfilled else "",
        _STATES.get(row.state, ""),
        _UNPLACED if unplaced else "",
    )
    return ", ".join(filter(None, marks))


def _cell(word: Callable[[str, str], str], name: str, said: Any) -> Cell:
    return Cell(_in_words(word, name, said), said)


def _in_words(word: Callable[[str, str], str], name: str, said: Any) -> str:
    """A field's value in words: several choices one after the other, a position as numbers, attachments counted."""
    if said is None:
        return ""
    if isinstance(said, Mapping):
        return f"{said['latitude_deg']}, {said['longitude_deg']} (± {said['accuracy_m']} m)"
    if isinstance(said, list):
        texts = [str(one) for one in said]
        if all(_HASH.fullmatch(text) for text in texts):
            return f"附件 {len(texts)} 个"
        return "、".join(word(name, text) for text in texts)
    return word(name, str(said))
