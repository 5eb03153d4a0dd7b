"""How a duty is judged that is not asked by slots: the members of its row, read.

| judging | windows | a window is met by |
| --- | --- | --- |
| state | a place or site, a period (`every`) | the latest record up to the deadline, of at most `valid_days`: `holds` |
| state that reckons stock | the site, a period | a recent count of each of `items`, enough for the days of rule `need` |
| period | as state, or `rolling` from the last record | one record |
| document | a look (`every`) | a record that is valid on the day of the look, whose file has arrived |
| event | each record of kind `trigger` that fits `trigger_when` | one record about the same (`relation`), `within` so long |
| telemetry | as state, or each camera | its source reports that it was online for the share `need` of what it reports, and
|           |                        | never away for as long as rule `away` says |
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from server.rules.duties.periods import Every, PeriodFault, Rolling, read_every, read_rolling, read_within
from server.rules.duties.stock import LOOKS_BACK_DAYS, STOCK

BY_PERIOD = ("state", "period", "document", "telemetry")
MODES = (*BY_PERIOD, "event")
SAME_WORKER, SAME_PLACE, PARENT = "worker", "place", "parent"
RELATIONS = {SAME_WORKER: "同一人员", SAME_PLACE: "同一场所", PARENT: "所属记录"}
RECKONS = (STOCK,)
ROSTER = "roster"  # a committed one, as evidence
WRITERS = ("inspector", "supervisor", "contractor", "section", "brigade")  # of whom a duty may ask
CAMERA = "camera"  # each of a site's has windows of its own, or: asked where a site has any
PER = ("place", "place_kind", "site", CAMERA)
SHARE = 0.95  # of a source's time, where a row says nothing


class ModeFault(ValueError):
    """What a row says of its judging and nobody can read. `name`: the member; `what` says in Chinese what to write."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name}: {what}")
        self.name, self.what = name, what


@dataclass(frozen=True, slots=True)
class Trigger:
    """Each record of this kind that fits the condition `when` (empty: each) asks for one of the evidence within so many
    seconds, about the same worker or place, or that names it as its parent (`relation`)."""

    kind: str
    when: str
    relation: str
    within_s: int


@dataclass(frozen=True, slots=True)
class Mode:
    """`when`: which records count; `holds`: what a state must satisfy; both are expressions. `valid_days`: how old a record
    may be at the deadline (None: as old as the period). `per`: what has a window of its own. `share`: of telemetry.
    `also`: what else meets a period (`roster`: one that was committed). `writer`: the role of whom records count (empty: of
    anybody). `reckons`: the records are reckoned together, as a book
    (stock.py), of these `items`; `need`: the rule with the days. `away`: of telemetry, the rule with the hours for which it
    may not be offline without a break. `having`: asked only of sites that have these (`camera`)."""

    every: Every | None = None
    rolling: Rolling | None = None
    trigger: Trigger | None = None
    when: str = ""
    holds: str = ""
    valid_days: int | None = None
    per: str = "site"
    share: float = SHARE
    writer: str = ""
    also: str = ""
    reckons: str = ""
    items: tuple[str, ...] = ()
    need: str = ""
    away: str = ""
    having: str = ""

    @property
    def looks_back_days(self) -> int:
        """Of how many days before its deadline a window takes records."""
        return LOOKS_BACK_DAYS if self.reckons else self.valid_days or 0


SLOTS = Mode()  # of a duty that is asked by slots


def read_mode(row: Mapping[str, Any]) -> Mode:
    """The mode of a row of duties. Raises ModeFault."""
    per = row.get("per") or ("place" if row["places"] else "site")
    if per not in PER:
        raise ModeFault("per", f"只能是 {'、'.join(PER)} 之一。")
    if per == CAMERA and row["judging"] != "telemetry":
        raise ModeFault("per", "camera 只用于 telemetry。")
    if (per in ("site", CAMERA)) == bool(row["places"]):
        what = "逐个场所判定的职责要写明 places" if not row["places"] else "写明了 places, per 应为 place"
        raise ModeFault("per", f"{what}, 请改正其中一项。")
    every, rolling = row.get("every"), row.get("rolling")
    if row["judging"] == "event":
        return Mode(trigger=_trigger(row), when=row.get("when") or "", per=per)
    if bool(every) == bool(rolling) or (rolling and row["judging"] != "period"):
        raise ModeFault("every", "请写明周期, 如 weeks 1; 只有 period 可以改写 rolling, 如 months 2。")
    reckons = _reckons(row, per)
    if row["judging"] == "state" and not (row.get("holds") or reckons):
        raise ModeFault("holds", "请写明应满足的条件, 如 ${persons} <= 6。")
    return Mode(
        every=_read("every", every, read_every) if every else None,
        rolling=_read("rolling", rolling, read_rolling) if rolling else None,
        when=row.get("when") or "",
        holds=row.get("holds") or "",
        valid_days=_number("valid_days", row.get("valid_days"), 1, 366),
        per=per,
        share=_share(row) if row["judging"] == "telemetry" else SHARE,
        writer=_one_of(row, "writer", WRITERS),
        also=_one_of(row, "also", (ROSTER,)),
        reckons=reckons,
        items=tuple((row.get("items") or "").split()) if reckons else (),
        need=row.get("need") or "" if reckons else "",
        away=_only(row, "away", row["judging"] == "telemetry"),
        having=_having(row),
    )


def _one_of(row: Mapping[str, Any], name: str, choices: Collection[str]) -> str:
    """A member of duties of periods that has few values."""
    value = str(row.get(name) or "")
    if value and (row["judging"] != "period" or value not in choices):
        raise ModeFault(name, f"只用于 period, 只能是 {'、'.join(choices)} 之一。")
    return value


def _only(row: Mapping[str, Any], name: str, fits: bool) -> str:
    """A member that only some duties have."""
    value = str(row.get(name) or "")
    if value and not fits:
        raise ModeFault(name, "只用于 telemetry。")
    return value


def _having(row: Mapping[str, Any]) -> str:
    value = str(row.get("having") or "")
    if value not in ("", CAMERA):
        raise ModeFault("having", f"只能是 {CAMERA}。")
    return value


def _reckons(row: Mapping[str, Any], per: str) -> str:
    reckons = row.get("reckons") or ""
    if not reckons:
        return ""
    if reckons not in RECKONS or row["judging"] != "state" or per != "site":
        raise ModeFault("reckons", "只能写 stock, 用于不分场所的 state 职责, 请把 places 留空。")
    if not row.get("items"):
        raise ModeFault("items", "请写明须有储备的物资, 如 disinfectant mask。")
    return reckons


def _trigger(row: Mapping[str, Any]) -> Trigger:
    kind, relation = row.get("trigger"), row.get("relation")
    if not kind:
        raise ModeFault("trigger", "请写明由哪种记录引起, 如 temperature_check。")
    if relation not in RELATIONS:
        raise ModeFault("relation", f"只能是 {'、'.join(RELATIONS)} 之一。")
    within_s = _read("within", row.get("within") or "", read_within)
    return Trigger(kind, row.get("trigger_when") or "", relation, within_s)


def _read(name: str, text: str, read: Any) -> Any:
    try:
        return read(text)
    except PeriodFault as fault:
        raise ModeFault(name, str(fault)) from None


def _number(name: str, text: str | None, least: int, most: int) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise ModeFault(name, f"应为 {least} 到 {most} 之间的整数。")
    return int(text)


def _share(row: Mapping[str, Any]) -> float:
    try:
        share = float(row.get("need") or SHARE)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise ModeFault("need", "应为大于 0、不超过 1 的数, 如 0.95。")
    return share
