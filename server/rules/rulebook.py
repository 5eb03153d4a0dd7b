"""All rules in one value: what a tick or a push needs, built once from the rows of reference data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from schemas.book import FormBook, form_book
from schemas.expressions.faults import ExpressionFault
from schemas.forms.definition import Form
from schemas.lists import NOUNS
from schemas.worker import SPARABLE
from server.rules import from_rows
from server.rules.calendar import Holidays
from server.rules.case_steps import CaseStep, evidence_kinds, steps_of
from server.rules.duties.conditions import Condition, condition
from server.rules.duties.coverage import MEASURED_BY
from server.rules.duties.event_filter import EventFilter
from server.rules.duties.modes import CAMERA, MODES
from server.rules.duties.reporting import EVERY_KIND, Classes
from server.rules.duties.windows import NORMAL, DutyRule, rule_of
from server.rules.flags.escalation import Policy
from server.rules.flags.rechecks import RecheckFields, recheck_fields
from server.rules.flags.routing import leaders_of, routed
from server.rules.from_rows import Row
from server.rules.rosters.person import PersonLimits
from server.rules.rosters.words import Words, words_from
from server.rules.travel import Areas, TravelFields, areas_of, travel_fields

# Of a kind of site: the fields of a person that it spares, and further ones for which it asks.
_OF_PERSON = ("worker_optional", "worker_required")
PASSES = "gate_pass"  # the kind that shows who is there


@dataclass(frozen=True)
class Rulebook:
    """The rules, thresholds, calendar and policies of every date; each is asked for as of a local date."""

    stamp: str
    duties: tuple[DutyRule, ...]
    holidays: Holidays
    kinds: FormBook  # with the lists that the rows have, and the published forms
    rows: Mapping[str, Sequence[Row]]  # by noun, the file of seed_data/ that they come from
    _conditions: dict[tuple[str, str], Condition | None] = field(
        default_factory=dict, repr=False, compare=False
    )

    def number(self, code: str, local_date: str) -> float:
        """A threshold as it holds on a local date. Raises LookupError without one."""
        return from_rows.number(self.rows["rules"], code, local_date)

    def backfill_max_h(self, local_date: str) -> float:
        """How long before it was written down work may have been done (补录); 0 in a database without rules."""
        row = from_rows.in_force(self.rows["rules"], "backfill_max_h", local_date)
        return float(row["value"]) if row is not None else 0.0

    def person_limits(self, local_date: str) -> PersonLimits:
        """What the rules ask of a person's age and dates on a local date."""

        def whole(code: str) -> int:
            row = from_rows.in_force(self.rows["rules"], code, local_date)
            return round(row["value"]) if row is not None else 0

        year = whole("roster_year_min")
        return PersonLimits(
            whole("worker_age_min"),
            whole("age_of_majority"),
            whole("worker_age_max"),
            f"{year}-01-01" if year else "",
        )

    def words(self, local_date: str) -> Words:
        """What people write in rosters, and which trade they mean."""
        nouns = (self.rows["roster_words"], self.rows["trades"])
        words, trades = ([row for row in rows if from_rows.holds(row, local_date)] for rows in nouns)
        return words_from(words, trades)

    def severity(self, duty: str, local_date: str) -> str:
        """How severe it is when a duty is not done, as it holds on a local date."""
        row = from_rows.in_force(self.rows["duties"], duty, local_date)
        return str(row["severity"]) if row is not None else "ordinary"

    def policy(self, local_date: str) -> Policy:
        """The escalation policy that a flag opened on this date gets."""
        return from_rows.policy(self.rows["escalation"], "default", local_date)

    def device_classes(self, local_date: str) -> Classes:
        """What each class of devices may write, as it holds on a local date."""
        rows = [row for row in self.rows["device_classes"] if from_rows.holds(row, local_date)]
        return {row["code"]: None if EVERY_KIND in row["kinds"] else frozenset(row["kinds"]) for row in rows}

    def evidence_kinds(self, duty: str) -> tuple[str, ...]:
        """The kinds of record that a duty is judged by; coverage looks at who passed the gate as well. None of a duty of
        cameras: what their platform reported is here, with the time of which it did."""
        found = {rule.evidence for rule in self.duties if rule.code == duty and rule.mode.per != CAMERA}
        if any(rule.judging == "coverage" for rule in self.duties if rule.code == duty):
            found.add(PASSES)
        return tuple(sorted(found))

    @cached_property
    def event_filter(self) -> EventFilter:
        """Which facts duties of events may be about."""
        return EventFilter(self.mode_rules(), self.condition, self.kinds.number)

    @cached_property
    def coverage_kinds(self) -> frozenset[str]:
        """The kinds of records that coverage looks at: who passed, who was measured, and what else is asked of everybody."""
        asked = {rule.evidence for rule in self.duties if rule.judging == "coverage"}
        return frozenset({PASSES, MEASURED_BY, *asked})

    def mode_rules(self) -> list[DutyRule]:
        """All versions of the duties that are not asked by slots."""
        return [rule for rule in self.duties if rule.judging in MODES]

    def mode_rule(self, duty: str, local_date: str) -> DutyRule | None:
        """The version of such a duty that holds on a local date; None where it was asked otherwise then."""
        rule = rule_of(self.duties, duty, NORMAL, local_date)
        return rule if rule is not None and rule.judging in MODES else None

    def writers_asked(self, kind: str, site_kind: str, local_date: str) -> set[str]:
        """The roles of whom duties ask records of a kind, at such sites, on a local date."""
        return {
            rule.mode.writer
            for rule in self.duties
            if rule.evidence == kind and site_kind in rule.site_kinds and rule.holds(local_date)
        } - {""}

    def condition(self, kind: str, text: str) -> Condition | None:
        """A condition of a duty on records of a kind, compiled once. None for an empty one, which every record fits, and for
        one that no longer fits its kind: nobody can tell then."""
        key = (kind, text)
        if key not in self._conditions:
            known = self.kinds.get(kind)
            try:
                self._conditions[key] = condition(text, known) if text and known is not None else None
            except ExpressionFault:
                self._conditions[key] = None
        return self._conditions[key]

    def reviews(self) -> dict[str, bool]:
        """Which units review flags; a company never reviews its own."""
        return from_rows.reviewing(self.rows["units"])

    def routed(self, site_kind: str, district: str, duty: str, local_date: str, site_unit: str) -> str:
        """The unit to which flags of a duty go at such a site; without a row for it the site's own."""
        return routed(self.rows.get("routing", ()), site_kind, district, duty, local_date, site_unit)

    def leaders(self, unit: str, local_date: str) -> list[str]:
        """Who answers for a unit, by name."""
        return leaders_of(self.rows["units"], unit, local_date)

    def rests(self, site_kind: str, local_date: str) -> str:
        """On which days a kind of site rests (see SiteProfile.rests)."""
        row = from_rows.in_force(self.rows["site_kinds"], site_kind, local_date)
        return str(row["rests"]) if row is not None else "official"

    def case_steps(self, local_date: str) -> tuple[CaseStep, ...]:
        """The steps of a case that was opened on a local date."""
        return steps_of(self.rows.get("case_steps", ()), self.number, local_date)

    @cached_property
    def case_evidence(self) -> frozenset[str]:
        """The kinds of records by which the steps of cases are judged."""
        return evidence_kinds(self.rows.get("case_steps", ()))

    @cached_property
    def areas(self) -> Areas:
        """The areas at risk, with the days for which stays in them count."""
        return areas_of(self.rows["risk_areas"], lambda day: round(self.number("travel_look_back_d", day)))

    @cached_property
    def travel(self) -> Mapping[str, TravelFields]:
        """The kinds of records that say who stayed where, by name; of a form the latest version."""
        found = ((name, travel_fields(kind)) for name, kind in self.kinds.kinds.items())
        return {name: fields for name, fields in found if fields is not None}

    @cached_property
    def rechecks(self) -> Mapping[str, RecheckFields]:
        """The kinds of records that recheck a flag, by name; of a form the latest version."""
        found = ((name, recheck_fields(kind)) for name, kind in self.kinds.kinds.items())
        return {name: fields for name, fields in found if fields is not None}

    @property
    def are_sites_alike(self) -> bool:
        """Whether every kind of site asks for the same fields of a person, the usual ones."""
        return not any(row.get(name) for row in self.rows["site_kinds"] for name in _OF_PERSON)

    def asks_of_person(self, site_kind: str, local_date: str) -> frozenset[str]:
        """The fields of a person that a kind of site asks for, among those in which kinds of sites differ."""
        row = from_rows.in_force(self.rows["site_kinds"], site_kind, local_date) or {}
        spared, more = (row.get(name) or () for name in _OF_PERSON)
        return frozenset((*(name for name in SPARABLE if name not in spared), *more))


def rulebook(stamp: str, rows: Mapping[str, Sequence[Row]], forms: Sequence[Form] = ()) -> Rulebook:
    """The rulebook of these rows and of the published forms. A code that has ended stays in the lists of bodies."""
    duties = from_rows.duty_rules(rows["duties"], rows["duty_slots"])

    def number(code: str, local_date: str) -> float | None:
        row = from_rows.in_force(rows["rules"], code, local_date)
        return float(row["value"]) if row is not None else None

    # What any kind of site ever spared may be absent; what each asks for is checked where the site is known.
    spared = {name for row in rows["site_kinds"] for name in row.get("worker_optional") or ()}
    kinds = form_book(forms, {noun: [row["code"] for row in rows[noun]] for noun in NOUNS}, number, spared)
    return Rulebook(stamp, tuple(duties), from_rows.holidays(rows["holidays"]), kinds, rows)
