"""A judged roster beside the one that is stored: who is new, changed, the same, absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.rules.roster.judge import Row
from server.rules.roster.problems import Found

Certificate = tuple[str, str]
VERDICTS = ("new", "changed", "same", "rejected")


@dataclass(frozen=True, slots=True)
class Stored:
    """A person of the company as the site's roster has him: the record, its version, its fields."""

    id: str
    rev: int
    fields: Mapping[str, Any]

    @property
    def is_here(self) -> bool:
        return self.fields.get("exited_on") is None


@dataclass(slots=True)
class Comparison:
    """Verdicts by row, in order; changes by row: field → new value; the stored people whom no row names."""

    verdicts: list[str] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    absent: list[Stored] = field(default_factory=list)


def compare(rows: Sequence[Row], stored: Mapping[Certificate, Stored]) -> Comparison:
    """Compare by certificate. An empty cell changes nothing; who came back after leaving is here again.

    A person is absent only if no row names him, not even a rejected one: a row whose number cannot be read
    names everybody of its name.
    """
    done = Comparison()
    named: set[Certificate] = set()
    names: set[str] = set()
    for row in rows:
        certificate = row.certificate
        known = stored.get(certificate) if certificate is not None else None
        if certificate is not None:
            named.add(certificate)
        elif "name" in row.fields:
            names.add(row.fields["name"])
        changes = _changes(row, known) if known is not None and not row.rejected else {}
        done.changes.append(changes)
        done.verdicts.append(_verdict(row, known, changes))
    done.absent = [
        person
        for certificate, person in stored.items()
        if person.is_here and certificate not in named and person.fields["name"] not in names
    ]
    return done


def _verdict(row: Row, known: Stored | None, changes: Mapping[str, Any]) -> str:
    if row.rejected:
        return "rejected"
    if known is None:
        return "new"
    return "changed" if changes else "same"


def _changes(row: Row, known: Stored) -> dict[str, Any]:
    """The fields that differ; adds to the row what is to be said about it."""
    was = known.fields
    changes = {name: value for name, value in row.fields.items() if was.get(name) != value}
    for name in ("team_leader", "canteen_staff"):
        if name in changes and not changes[name] and not was.get(name):
            del changes[name]  # to say no says the same as to say nothing
    guessed = {found.field for found in row.found if found.code in ("trade_missing", "trade_unknown")}
    if "trade" in guessed:  # what is stored is better than a guess
        changes.pop("trade", None)
        changes.pop("role", None)
    left = was.get("exited_on")
    if left is not None and "exited_on" not in row.fields:
        if row.fields["entered_on"] > left:
            changes["exited_on"] = None
        elif row.fields["entered_on"] == was.get("entered_on"):
            changes.pop("entered_on", None)  # an old list, made before he left
        else:
            row.found.append(Found("before_last_event", "entered_on"))
            return {}
    if "name" in changes:
        row.found.append(Found("name_differs", "name"))
    return changes
