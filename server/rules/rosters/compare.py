"""A validated roster compared with the one that is stored: who is new, changed, the same, absent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.rules.rosters.fields import COLUMNS
from server.rules.rosters.problems import Found
from server.rules.rosters.validate import Row

Certificate = tuple[str, str]
VERDICTS = ("new", "changed", "same", "rejected")
# Found here, and found again whenever a roster is compared again.
FOUND_BY_COMPARISON = frozenset(
    ("name_differs", "name_spelt_differently", "known_by_other_number", "before_last_event")
    + ("exit_before_last_event", "active_elsewhere")
)
_UNWRITTEN = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Stored:
    """A person of the company as the site's roster has it: the record, its version, its fields."""

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


def exits(rows: Sequence[Row], stored: Mapping[Certificate, Stored]) -> dict[str, str]:
    """By record, the dates on which rows say that stored people left, where that is news."""
    dates: dict[str, str] = {}
    for row in rows:
        exited_on: str | None = row.fields.get("exited_on")
        if exited_on is None or row.certificate is None:
            continue
        known = stored.get(row.certificate)
        if known is not None and known.fields.get("exited_on") != exited_on:
            dates[known.id] = exited_on
    return dates


def compare(
    rows: Sequence[Row], stored: Mapping[Certificate, Stored], last_seen: Mapping[str, str]
) -> Comparison:
    """Compare by certificate. An empty cell changes nothing; who came back after leaving is here again. `last_seen`: by
    record, the local date of the last pass or reading of people who are said to have left.

    A person is absent only if no row names that person, not even a rejected one: a row whose number cannot be read
    names everybody of its name.
    """
    done = Comparison()
    named: set[Certificate] = set()
    names: set[str] = set()
    known_names = {person.fields["name"] for person in stored.values() if person.is_here}
    for row in rows:
        certificate = row.certificate
        known = stored.get(certificate) if certificate is not None else None
        if certificate is not None:
            named.add(certificate)
        elif "name" in row.fields:
            names.add(row.fields["name"])
        changes = _changes(row, known, last_seen) if known is not None and not row.rejected else {}
        if known is None and not row.rejected and row.fields["name"] in known_names:
            row.found.append(Found("known_by_other_number", "name"))
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


def _changes(row: Row, known: Stored, last_seen: Mapping[str, str]) -> dict[str, Any]:
    """The fields that differ; adds to the row what is to be said about it."""
    was = known.fields
    changes = {name: value for name, value in row.fields.items() if was.get(name) != value}
    for name in [name for name in changes if COLUMNS[name].reads == "yes_no"]:
        if not changes[name] and not was.get(name):
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
            changes.pop("entered_on", None)  # an old list, made before the person left
        else:
            row.found.append(Found("before_last_event", "entered_on"))
    if changes.get("exited_on") is not None and changes["exited_on"] < last_seen.get(known.id, ""):
        row.found.append(Found("exit_before_last_event", "exited_on"))
    if "name" in changes:
        is_near = _is_near(changes["name"], was["name"])
        row.found.append(Found("name_spelt_differently" if is_near else "name_differs", "name"))
    return changes if not row.rejected else {}


def _is_near(name: str, other: str) -> bool:
    """Whether two names are one, written differently: but for dots, spaces and capitals the same, or, of three and
    more characters, all but one of them. Another name under a number is another person, or a mistyped number: a file
    never renames somebody so far."""
    one, two = (_UNWRITTEN.sub("", text).casefold() for text in (name, other))
    if one == two:
        return True
    return len(one) == len(two) >= 3 and sum(a != b for a, b in zip(one, two, strict=True)) == 1
