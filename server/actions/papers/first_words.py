"""What a new paper starts with: what the flag and the papers before it say already. Whoever drafts changes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server.actions.papers.read_papers import bases_for, known_fact, officers_in_force
from server.actions.papers.sealed_words import draft_of
from server.actions.reference.name_codes import Names
from server.base.clock import from_iso
from server.models.access import Viewer
from server.models.flag import Flag, FlagEvent
from server.models.paper import Paper
from server.models.site import Site
from server.models.tx import Tx
from server.rules.calendar import local_date_of
from server.rules.flags.moves import MOVES
from server.rules.from_rows import Row
from server.rules.papers.fields import FIELDS, rows_of
from server.rules.papers.terms import next_office_time, office_hours
from server.rules.papers.uses import EXPECTS_POWER
from server.rules.papers.writing import written_date

_OF_PARTY = ("party_address", "party_head", "party_phone")
_PASSING_ON = ("case_handover", "transfer_letter", "forwarding_slip")
_DONE = {"pass_recheck": "已完成", "consent_resume": "已完成", "fail_recheck": "未完成"}


@dataclass(frozen=True, slots=True)
class Beginning:
    """`row`: the template; `before`: the papers of the flag; `parent`: the one that this one follows; `event`: the move that
    it is about."""

    flag: Flag
    site: Site
    row: Row
    names: Names
    before: Sequence[Paper]
    parent: Paper | None
    event: FlagEvent | None

    @property
    def note(self) -> str:
        return str(self.event.detail.get("note", "")) if self.event is not None else ""


def first_draft(tx: Tx, viewer: Viewer, begin: Beginning) -> dict[str, Any]:
    """What the draft holds before anybody has typed."""
    date, flag, row = local_date_of(tx.now_ms), begin.flag, begin.row
    fields = {"case_name": begin.names.of("duties", flag.duty)}
    fields |= _party_words(tx, flag, begin.before)
    fields |= _words_of_kind(tx, begin)
    mine = [one["code"] for one in officers_in_force(tx.book, date) if one.get("user") == viewer.name]
    bases = bases_for(tx.book, flag.duty, EXPECTS_POWER.get(row["power"], ()), date)
    basis = bases[0]["code"] if bases and not bases[0]["hazard"] else ""
    if begin.parent is not None and not bases:
        basis = str(draft_of(tx.seals, begin.parent).get("basis", ""))
    photos = list(begin.event.detail.get("media", ())) if begin.event is not None else []
    return {"fields": fields, "officers": mine[:1], "basis": basis, "photos": photos}


def _party_words(tx: Tx, flag: Flag, before: Sequence[Paper]) -> dict[str, str]:
    """What was written of the party last, on this flag's papers or on any of the company's."""
    others = sa.select(Paper).where(Paper.company == flag.company, Paper.company.is_not(None))
    last = tx.session.scalar(others.order_by(Paper.made_ms.desc()).limit(1)) if not before else before[-1]
    said = _fields_of(tx, last)
    return {name: said[name] for name in _OF_PARTY if said.get(name)}


def _words_of_kind(tx: Tx, begin: Beginning) -> dict[str, str]:
    site, names, before, note = begin.site, begin.names, begin.before, begin.note
    place = {"place": _place_before(tx, before) or site.address or site.name}
    match begin.row["code"]:
        case "inspection_record":
            return place
        case "order" | "advice" | "stop_order":
            return (
                place
                | _found_words(tx, before, note)
                | {
                    "due": str(_due_of(tx, begin.event)),
                    "from_at": str(tx.now_ms),
                }
            )
        case "recheck_record" | "resume_notice" | "resume_application":
            return place | _after_order(tx, begin.parent, begin.event, note)
        case "case_handover":
            units = {
                "handed_from": names.of("units", site.unit),
                "handed_to": names.of("units", begin.flag.unit),
            }
            return {**units, "history": note, "materials": _materials(before)}
        case "forwarding_slip":
            passed_on = begin.flag.unit != site.unit
            unit = names.of("units", begin.flag.unit) if passed_on else ""
            return {"addressee": unit, "materials": _materials(before)}
        case _:
            phone = known_fact(tx.book, "phone", local_date_of(tx.now_ms))
            return {"reason": note, "materials": _materials(before), "contact_phone": phone}


def _fields_of(tx: Tx, paper: Paper | None) -> dict[str, Any]:
    """What was typed into a paper, by field."""
    return dict(draft_of(tx.seals, paper).get("fields", {})) if paper is not None else {}


def _place_before(tx: Tx, before: Sequence[Paper]) -> str:
    """Where the last of the flag's papers says that it was."""
    said = [str(_fields_of(tx, one).get("place", "")) for one in before]
    return next((one for one in reversed(said) if one), "")


def _found_words(tx: Tx, before: Sequence[Paper], note: str) -> dict[str, str]:
    """What an inspection record says was found; without one nothing: a flag is a lead, no fact."""
    records = [one for one in before if one.kind == "inspection_record" and one.state == "signed"]
    if not records:
        return {}
    seen = _fields_of(tx, records[-1])
    facts = [cells[0] for cells in rows_of(FIELDS["findings"], str(seen.get("findings", "")))]
    said = {"evidence": "现场检查笔录、现场照片", "orders": "\n".join(f"{fact} | {note}" for fact in facts)}
    if seen.get("began"):
        said["found"] = f"{written_date(local_date_of(int(seen['began'])))}现场检查时"
    return said


def _due_of(tx: Tx, event: FlagEvent | None) -> int:
    """The deadline that the order's move set, at an hour at which an office is open."""
    clocks = event.detail.get("clocks", {}) if event is not None else {}
    due = from_iso(clocks["rectify"]["due"]) if "rectify" in clocks else tx.now_ms
    hours = office_hours(known_fact(tx.book, "office_hours", local_date_of(tx.now_ms)))
    return next_office_time(tx.book.holidays, hours, due)


def _after_order(tx: Tx, parent: Paper | None, event: FlagEvent | None, note: str) -> dict[str, str]:
    before = _fields_of(tx, parent)
    name = "resume_if" if parent is not None and parent.kind == "stop_order" else "orders"
    asked = [cells[0] for cells in rows_of(FIELDS[name], str(before.get(name, "")))]
    result = _DONE.get(event.action, "") if event is not None else ""
    said = {"results": "\n".join(f"{one} | {result} | " for one in asked)}
    said |= {"done": "\n".join(f"{one} |  | " for one in asked), "verdict": note}
    said |= {"area": str(before.get("area", "")), "words": ""}
    if event is not None and event.action in MOVES:
        said |= {"checked_at": str(event.at_ms)}
    return said


def _materials(before: Sequence[Paper]) -> str:
    """The papers that prove something; those by which a case was passed on say nothing of it."""
    signed = [paper for paper in before if paper.state == "signed" and paper.kind not in _PASSING_ON]
    return "\n".join(f"{one.title}{_in_brackets(one.number)} | 1 | " for one in signed)


def _in_brackets(number: str) -> str:
    return f"（{number}）" if number else ""
