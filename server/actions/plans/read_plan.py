"""A plan's text from reference data: its sentences in order, each measure with its duties, numbers and their sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from schemas.forms.kind import FormKind
from server.actions.reference.load_reference import planned_rows
from server.base.problems import not_found
from server.files.pack_files import read_pack, sheet_rows, shipped_packs
from server.rules.from_rows import Row, holds, in_force
from server.rules.rulebook import Rulebook

MEASURE = "measure"
ASKED, ON_EVENT, PER_CASE, ANYTIME = "asked", "event", "case", "anytime"
COMING, ENDED, PLANNED = "coming", "ended", "planned"
_MOST_FIRST = (ASKED, ON_EVENT, PER_CASE, ANYTIME, COMING, ENDED, PLANNED)
_NOUN = "measures"
_HEAD = "0"  # the section of what comes before the first one


@dataclass(frozen=True, slots=True)
class PlanDuty:
    """A duty of a measure. `stands`: one of ASKED (judged by the time of day or by periods), ON_EVENT (asked by records of
    another kind), PER_CASE (a step of each case), ANYTIME (its records are kept and not judged), COMING, ENDED, or PLANNED
    (it waits for a later version, or for a pack that is not loaded)."""

    code: str
    name: str
    cadence: str
    source: str
    mark: str
    site_kinds: tuple[str, ...]
    evidence: str
    stands: str

    @property
    def has_windows(self) -> bool:
        """Whether it is judged now."""
        return self.stands in (ASKED, ON_EVENT)


@dataclass(frozen=True, slots=True)
class PlanNumber:
    """A number by which a measure is judged today."""

    name: str
    value: float
    unit: str
    source: str
    mark: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One piece of the text of `plan`. `kind`: measure, exhortation, heading, leaders, units, title; `why`: an exhortation
    has no duty."""

    code: str
    plan: str
    section: str
    kind: str
    text: str
    why: str
    duties: tuple[PlanDuty, ...]
    numbers: tuple[PlanNumber, ...]

    @property
    def site_kinds(self) -> frozenset[str]:
        """The kinds of sites that it is for."""
        return frozenset(kind for duty in self.duties for kind in duty.site_kinds)

    @property
    def asked(self) -> tuple[str, ...]:
        """The codes of the duties whose windows say how it stands."""
        return tuple(duty.code for duty in self.duties if duty.has_windows)

    @property
    def stands(self) -> str:
        """What of its duties says most of it: why there is no window of a site where there is none."""
        stands = {duty.stands for duty in self.duties}
        return next((one for one in _MOST_FIRST if one in stands), PLANNED)


@dataclass(frozen=True, slots=True)
class Task:
    """A part of a plan for which somebody answers: who leads it, which units carry it out in the words of its text, at
    which kinds of sites, and by which duties."""

    section: str
    title: str
    leaders: tuple[str, ...]
    units: str
    site_kinds: tuple[str, ...]
    duties: frozenset[str]


def tasks_of(tasks: Sequence[Task], kind: str, duty: str) -> list[Task]:
    """The tasks that a duty of a kind of sites belongs to: those whose measures name it; a duty that none of them names, as
    what a plan asks of all, belongs to each task of the kind."""
    mine = [task for task in tasks if kind in task.site_kinds]
    return [task for task in mine if duty in task.duties] or mine


def tasks(book: Rulebook, plan: str, local_date: str) -> list[Task]:
    """The tasks of a plan, in the order of its text; none where it names no leaders. Raises Problem 404."""
    parts: dict[str, dict[str, Row]] = {}
    named: dict[str, set[str]] = {}
    for row in _rows(book, plan, local_date):
        parts.setdefault(row["section"], {}).setdefault(row["kind"], row)
        named.setdefault(row["section"], set()).update(row.get("duties", ()))
    found = []
    for section, part in parts.items():
        led = part.get("leaders", {})
        if led.get("site_kinds"):
            title = str(part.get("heading", {}).get("text", section)).rstrip("。 ")
            units = str(part.get("units", {}).get("text", "")).rpartition("：")[2]
            who, where = tuple(led["leaders"]), tuple(led["site_kinds"])
            found.append(Task(section, title, who, units, where, frozenset(named[section])))
    return found


def duties_of(book: Rulebook, plan: str, local_date: str) -> frozenset[str]:
    """The codes of all duties that a plan's measures name. Raises Problem 404."""
    return frozenset(code for row in _rows(book, plan, local_date) for code in row.get("duties", ()))


def known_plan(book: Rulebook, plan: str | None, local_date: str) -> tuple[str, dict[str, str]]:
    """The plan that is meant (None: the first one), and the titles of all by their codes. Raises Problem 404."""
    known = plans(book, local_date)
    if not known or plan not in (None, *known):
        raise not_found()
    return plan or next(iter(known)), known


def plans(book: Rulebook, local_date: str) -> dict[str, str]:
    """All plans whose text is in force, the oldest first: their titles by their codes. The last title before the first
    section says it."""
    found: dict[str, str] = {}
    for row in sorted(book.rows[_NOUN], key=lambda row: (str(row["from"]), str(row["code"]))):
        if holds(row, local_date):
            found.setdefault(row["plan"], row["plan"])
            if row["kind"] == "title" and row["section"] == _HEAD:
                found[row["plan"]] = row["text"]
    return found


def sentences(book: Rulebook, plan: str, local_date: str) -> list[Sentence]:
    """The text of a plan, in order. Raises Problem 404."""
    return [_sentence(book, row, local_date) for row in _rows(book, plan, local_date)]


def one_measure(book: Rulebook, code: str, local_date: str) -> Sentence:
    """Raises Problem 404 for what is no measure."""
    row = in_force(book.rows[_NOUN], code, local_date)
    if row is None or row["kind"] != MEASURE:
        raise not_found()
    return _sentence(book, row, local_date)


def _rows(book: Rulebook, plan: str, local_date: str) -> list[Row]:
    """A plan's rows in order. Raises Problem 404."""
    rows = [row for row in book.rows[_NOUN] if row["plan"] == plan and holds(row, local_date)]
    if not rows:
        raise not_found()
    return sorted(rows, key=lambda row: str(row["code"]))


def _sentence(book: Rulebook, row: Row, local_date: str) -> Sentence:
    said = (row["code"], row["plan"], row["section"], row["kind"], row["text"], row.get("why", ""))
    duties = [_duty(book, code, local_date) for code in row.get("duties", ())]
    numbers = [
        PlanNumber(found["name"], found["value"], found["unit"], found["source"], found["mark"])
        for code in row.get("numbers", ())
        if (found := in_force(book.rows["rules"], code, local_date)) is not None
    ]
    return Sentence(*said, tuple(duties), tuple(numbers))


def _duty(book: Rulebook, code: str, local_date: str) -> PlanDuty:
    step = in_force(book.rows.get("case_steps", ()), code, local_date)
    if step is not None:
        return _step(book, step)
    row = in_force(book.rows["duties"], code, local_date)
    last = [one for one in book.rows["duties"] if one["code"] == code][-1:]
    known = row if row is not None else next(iter(last), _to_come().get(code, {}))
    return PlanDuty(
        code=code,
        name=known.get("name", code),
        cadence=known.get("cadence", ""),
        source=known.get("source", ""),
        mark=known.get("mark", ""),
        site_kinds=tuple(_codes(known.get("site_kinds", ()))),
        evidence=known.get("evidence", ""),
        stands=_stands(book, code, row, local_date),
    )


def _stands(book: Rulebook, code: str, row: Row | None, local_date: str) -> str:
    if row is None:
        versions = [one for one in book.rows["duties"] if one["code"] == code]
        if any(one["from"] > local_date for one in versions):
            return COMING
        return ENDED if versions else PLANNED
    if not any(rule.code == code for rule in book.duties):
        return ANYTIME
    return ON_EVENT if row["judging"] == "event" else ASKED


def _step(book: Rulebook, step: Row) -> PlanDuty:
    """A step of cases, as a duty: asked of each case, at the kinds of sites at which its form is filled in."""
    kind = book.kinds.get(step["evidence"])
    site_kinds = kind.form.site_kinds if isinstance(kind, FormKind) else ()
    return PlanDuty(
        code=step["code"],
        name=step["name"],
        cadence="每个个案",
        source=step["source"],
        mark=step["mark"],
        site_kinds=tuple(site_kinds),
        evidence=step["evidence"],
        stands=PER_CASE,
    )


@cache
def _to_come() -> Mapping[str, Row]:
    """Duties that come with the server and are not loaded: those that are planned, and those of packs."""
    found: dict[str, Row] = {row["code"]: row for row in planned_rows("duties")}
    for name in shipped_packs():
        pack = read_pack(name)
        found |= {row["code"]: row for row in pack.rows.get("duties", ())}
        for _, tables in pack.forms:
            found |= {row["code"]: row for row in sheet_rows(tables, "duties")}
    return found


def _codes(given: str | Sequence[str]) -> Sequence[str]:
    return given.split() if isinstance(given, str) else given
