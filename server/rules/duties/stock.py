"""Does a site have enough in store? Its book of supplies says so: what came in, was issued and was counted (MISSION 2.1).

Of each item there is a count, no older than the duty asks, and what moved since; that lasts for so many days, at what was
issued a day before. Each tablet knows only its own part of the book, so too little proves nothing until all have reported:
a lack waits for the watermark, as work that was not recorded does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from server.rules.calendar import DAY_MS
from server.rules.duties.judge import (
    BOOK_NOT_KEPT,
    CANNOT_TELL,
    EVIDENCE_KEPT,
    NOT_DECLARED,
    NOT_SATISFIED,
    TIME_UNCERTAIN,
    Evidence,
)
from server.rules.duties.matching import Candidate, Fact, Matched, said_within

STOCK = "stock"
MEAN_DAYS = "supply_mean_days"  # the rule that says over how many days the daily use is the mean
RECEIVED, ISSUED, COUNTED = MOVEMENTS = ("received", "issued", "counted")
LOOKS_BACK_DAYS = 60  # what moved earlier says nothing of a window
_REASON_MAX = 200  # characters


class Movement(NamedTuple):
    """A line of the book: so much of an item came in, was issued or was counted. `amount`: None where nobody can tell."""

    item: str
    what: str
    amount: float | None
    fact: Fact

    @property
    def span(self) -> tuple[int, int]:
        """Between which instants it happened."""
        if self.fact.observed_ms is not None:
            return self.fact.observed_ms, self.fact.observed_ms
        return self.fact.earliest_ms, self.fact.latest_ms

    @property
    def at_ms(self) -> int:
        return sum(self.span) // 2


class StockAsked(NamedTuple):
    """What is asked: of these items, so many days' use; the daily use is the mean of `mean_days`. `pauses`: when work was
    suspended, until when (None: it still is). `names`: what people call the items."""

    items: Collection[str]
    need_days: float
    mean_days: int
    pauses: Sequence[tuple[int, int | None]] = ()
    names: Mapping[str, str] = {}


class _Standing(NamedTuple):
    """How one item is. `lack`: what is wrong, as a reason; None: nothing. `days`: for how long it lasts, if known."""

    lack: str | None
    counted: Movement | None = None
    days: float | None = None


def match_stock(movements: Sequence[Movement], window: Candidate, asked: StockAsked) -> Matched:
    """What the book says of a window that takes counts of [`opens_ms`, `deadline_ms`).

    Where times are uncertain, they are taken in the site's favour: if only that makes it enough, nobody can tell. What is
    kept and not applied, and what may have come after the deadline, may be what is missing.
    """
    known = [one for one in movements if one.fact.proves and one.span[1] < window.deadline_ms]
    standings = _standings(known, window, asked, in_favour=False)
    lacks = [one for one in standings if one.lack is not None]
    if not lacks:
        counts = [one.counted for one in standings if one.counted is not None]
        return _enough(max(counts, key=lambda one: (one.at_ms, one.fact.id)), window)
    others = [one for one in movements if one not in known and one.span[0] < window.deadline_ms]
    if others:
        is_kept = all(one.fact.kept for one in others)
        return Matched(Evidence("uncertain", why=EVIDENCE_KEPT if is_kept else TIME_UNCERTAIN))
    if any(one.amount is None for one in known):
        return Matched(Evidence("uncertain", why=CANNOT_TELL))
    if all(one.lack is None for one in _standings(known, window, asked, in_favour=True)):
        return Matched(Evidence("uncertain", why=TIME_UNCERTAIN))
    worst = min(lacks, key=lambda one: (_GRAVEST.index(_code(one)), one.days or 0))
    if worst.days is None or worst.counted is None:
        return Matched(Evidence(lack=(worst.lack or "")[:_REASON_MAX]))
    need, have = round(asked.need_days), max(int(worst.days), 0)
    lack = (worst.lack or "")[:_REASON_MAX]
    return Matched(Evidence(need=need, have=have, lack=lack), worst.counted.fact, worst.counted.at_ms)


_GRAVEST = (NOT_DECLARED, NOT_SATISFIED, BOOK_NOT_KEPT)


def _code(one: _Standing) -> str:
    return (one.lack or "").partition(":")[0]


def _enough(count: Movement, window: Candidate) -> Matched:
    fact = count.fact
    is_later = fact.observed_ms is not None and not said_within(
        (fact.earliest_ms, fact.latest_ms), fact.observed_ms, window
    )
    return Matched(Evidence("backfilled" if is_later else "timely"), fact, count.at_ms)


def _standings(
    known: Sequence[Movement], window: Candidate, asked: StockAsked, in_favour: bool
) -> list[_Standing]:
    """Each item that has to be there; and any other that was counted."""
    of_item: dict[str, list[Movement]] = {item: [] for item in asked.items}
    for one in known:
        of_item.setdefault(one.item, []).append(one)
    found = []
    for item, some in of_item.items():
        counts = _last_counts(some, window, in_favour)
        name = asked.names.get(item, item)
        if counts:
            each = [_standing(name, some, count, asked, in_favour) for count in counts]
            found.append(next((one for one in each if one.lack is None), each[-1]))
        elif item in asked.items:
            found.append(_Standing(f"{NOT_DECLARED}: {name}没有有效期内的盘点"))
    return found


def _last_counts(some: Sequence[Movement], window: Candidate, in_favour: bool) -> list[Movement]:
    """The last count that is recent enough; in favour of the site, each that may be that."""
    counts = [one for one in some if one.what == COUNTED and one.span[in_favour] >= window.opens_ms]
    counts.sort(key=lambda one: (one.at_ms, one.fact.id))
    if not in_favour:
        return counts[-1:]
    last_ms = max((one.span[0] for one in counts), default=0)
    return [one for one in counts if one.span[1] >= last_ms]


def _standing(
    name: str, some: Sequence[Movement], count: Movement, asked: StockAsked, in_favour: bool
) -> _Standing:
    """How an item is at its last movement."""
    mean_ms = asked.mean_days * DAY_MS
    first_ms, last_ms = (max(end) for end in zip(*(_span(one, in_favour) for one in some), strict=True))
    issues = [one for one in some if one.what == ISSUED and one.amount]
    issued = sum(one.amount or 0 for one in issues if _span(one, in_favour)[0] > last_ms - mean_ms)
    if not issued:
        is_kept = any(_span(one, in_favour)[1] > first_ms - mean_ms for one in issues)
        is_new = min(_span(one, in_favour)[1] for one in some) > first_ms - mean_ms
        is_paused = any(
            begins <= last_ms and (ends is None or ends > first_ms - mean_ms) for begins, ends in asked.pauses
        )
        lack = f"{BOOK_NOT_KEPT}: {name} {asked.mean_days} 天内没有领用记录"
        return _Standing(None if is_kept or is_new or is_paused else lack, count)
    balance, daily = (count.amount or 0) + sum(_since(some, count, in_favour)), issued / asked.mean_days
    days = balance / daily
    if days >= asked.need_days - 1e-9:
        return _Standing(None, count)
    words = f"{name}可用天数应不少于 {asked.need_days:g}, 实为 {max(days, 0):.1f} (结存 {balance:g}, 日均领用 {daily:.3g})"
    return _Standing(f"{NOT_SATISFIED}: {words}", count, days)


def _span(one: Movement, in_favour: bool) -> tuple[int, int]:
    """Between which instants it happened; its likely one where nothing is taken in the site's favour."""
    return one.span if in_favour else (one.at_ms, one.at_ms)


def _since(some: Sequence[Movement], count: Movement, in_favour: bool) -> Iterator[float]:
    """What came in and went out after a count."""
    counted = _span(count, in_favour)
    for one in some:
        span, amount = _span(one, in_favour), one.amount or 0
        if one.what == RECEIVED and span[1] >= counted[0]:
            yield amount
        elif one.what == ISSUED and span[0] > counted[1]:
            yield -amount
