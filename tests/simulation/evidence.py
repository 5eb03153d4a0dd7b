"""Windows, judged by what really happened: what an honest record must have done to them, and what no record can have.

Log duties (one record of a place meets a window) and coverage (everybody present was measured), as DOMAIN has them; times
as PROTOCOL lets them be known: an honest tablet that counts its boots is believed, of others only what can be proved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.simulation.truth import HOUR_MS, Device, Truth, Written

EFFECTIVE = ("applied", "merged", "contested")
LOGS = {"DISINFECT": "disinfection_log"}  # duty → the records of a place that prove it
TEMP, CANTEEN, COVERAGE = "TEMP", "TEMP-CANTEEN", ("gate_pass", "temperature_check")
FEVER_CELSIUS = 37.3
MARGIN_MS = 3 * 60_000  # around an instant: what an honest interval can be wide
GRACE_MS = 72 * HOUR_MS  # unassigned_grace_h
DORMANT_MS = 7 * 24 * HOUR_MS
DAY_MS, SHANGHAI_MS = 24 * HOUR_MS, 8 * HOUR_MS


@dataclass(frozen=True)
class Window:
    """A window as it was shown. `deadline_ms`: due and grace; the window is [opens, deadline)."""

    site: str
    duty: str
    place: str
    local_date: str
    slot: str
    state: str
    opens_ms: int
    due_ms: int
    deadline_ms: int
    closes_ms: int

    def __str__(self) -> str:
        return f"{self.duty} {self.place} {self.local_date} {self.slot} of site {self.site[:13]}"


class Evidence:
    """Judges windows; what is wrong is reported as (code, words)."""

    def __init__(self, truth: Truth, report: Callable[[str, str], None]) -> None:
        self.truth, self.report = truth, report

    def window(self, site: str, body: Mapping[str, Any]) -> None:
        """A window as somebody was shown it."""
        window = window_of(site, body)
        if window.duty in LOGS:
            self._judge_log(window)
        elif window.duty in (TEMP, CANTEEN) and site not in self.truth.disturbed:
            self._judge_temp(window)
        said = window.state == "backfilled" and any(self._was_said(one, window) for one in self._of(window))
        if window.state == "backfilled" and not said:
            self.report("backfilled", f"{window}: nobody said that it was done earlier")
        if window.state == "missed":
            self._judge_reports(window)

    def _judge_log(self, window: Window) -> None:
        mine = self._of(window)
        first_ms, last_ms = window.opens_ms, window.deadline_ms
        if window.state == "missed":
            for entry in mine:
                if self._is_timely(entry, first_ms, last_ms) or self._must_be_said(entry, window):
                    words = f"{window}: {entry.id} on {entry.tablet}, {_why(entry)}"
                    return self.report("missed_though_done", words)
        if window.state in ("met", "done_late"):
            last_ms = last_ms if window.state == "met" else max(window.closes_ms, last_ms + 1)
            if not any(self._can_prove(entry, first_ms, last_ms) for entry in mine):
                self.report("met_by_nothing", f"{window} is {window.state}")

    def _of(self, window: Window) -> list[Written]:
        """What was written of its place, or its slot."""
        log = LOGS.get(window.duty)
        kind, field, value = (log, "place", window.place) if log else (COVERAGE[1], "slot", window.slot)
        mine = (entry for entry in self.truth.entries.values() if entry.site == window.site)
        return [entry for entry in mine if entry.kind == kind and entry.body.get(field) == value]

    def _was_said(self, entry: Written, window: Window) -> bool:
        """Whether the server took in that it was done in the window, as was said later."""
        root = self._root(entry)
        last_ms = max(window.closes_ms, window.deadline_ms)
        said = root.observed_ms is not None and window.opens_ms <= root.observed_ms <= last_ms
        return said and entry.id in self.truth.arrived and not self._undone(entry.id, sent=True)

    def _must_be_said(self, entry: Written, window: Window) -> bool:
        """Whether what was said later counts for certain, and is known."""
        ack = self.truth.acks.get(entry.id)
        if entry.observed_ms is None or ack is None or ack.outcome != "applied" or self.truth.restored:
            return False
        turns = self.truth.holders.get((self.truth.devices[entry.device].user, entry.site), [])
        began = all(since <= entry.observed_ms and holding for since, holding in turns)
        certain = entry.valid and not entry.unsure and began and self.must_count(entry)
        timely = window.opens_ms <= entry.observed_ms < window.deadline_ms
        return certain and timely and not self._undone(entry.id, sent=False)

    def _root(self, entry: Written) -> Written:
        """What a correction is of, in the end: it counts when that was."""
        while entry.act == "amend" and entry.target in self.truth.entries:
            entry = self.truth.entries[entry.target]
        return entry

    def _is_timely(self, entry: Written, opens_ms: int, deadline_ms: int) -> bool:
        """An honest record that was made in the window and that nobody has undone."""
        honest = entry.act == "add" and entry.honest and entry.valid and not entry.unsure
        timely = entry.observed_ms is None and opens_ms <= entry.true_ms < deadline_ms
        return honest and timely and self.must_count(entry) and not self._undone(entry.id, sent=False)

    def _undone(self, key: str, sent: bool) -> bool:
        """Whether somebody voided or corrected it; with `sent`, whether the server took that in."""
        for other in self.truth.entries.values():
            if other.target == key and other.act in ("void", "amend"):
                ack = self.truth.acks.get(other.id)
                if not sent or (other.act == "void" and ack is not None and ack.outcome in EFFECTIVE):
                    return True
        return False

    def _can_prove(self, entry: Written, opens_ms: int, last_ms: int) -> bool:
        """Whether a record that the server took can have been made in the window, as far as can be proved. One that
        was carried back by nothing but the wall clock cannot; a correction is of when its target was."""
        if entry.id not in self.truth.arrived or self._undone(entry.id, sent=True):
            return False
        root = self._root(entry)
        if root.observed_ms is not None and not opens_ms <= root.observed_ms <= last_ms:
            return False
        sure = root.known and not root.forged and not root.unsure and (root.boot is not None or root.honest)
        # A copied device's entries are applied (PROTOCOL: a fork's entries are kept and applied, and flagged), though each
        # of its two machines pushes bounds for entries that the other wrote. So any time that its beacon and its receipt
        # allow is right: the fork's flag says that all of it is in doubt, which `offices` demands.
        if sure:
            return opens_ms <= root.true_ms <= last_ms or (
                entry is not root and opens_ms <= entry.true_ms <= last_ms
            )
        first = self.truth.beacons.get(root.beacon or "", 0)
        ack = self.truth.acks.get(root.id)
        return first <= last_ms and (ack is None or ack.at_ms >= opens_ms)

    def _judge_temp(self, window: Window) -> None:
        """Coverage, by certain people only: those of the canteen are a duty of their own."""
        canteen = self.truth.canteen
        midnight = ms_of(f"{window.local_date}T00:00:00+08:00")
        maybe, certain, timely, any_way, turned = (set[str]() for _ in range(5))
        for entry in self.truth.entries.values():
            who = self.truth.people.get(str(entry.body.get("worker", "")))
            asked = who is not None and (who in canteen) == (window.duty == CANTEEN)
            if entry.site != window.site or who is None or not asked or entry.kind not in COVERAGE:
                continue
            sure = entry.honest and entry.known and not entry.unsure and entry.boot is not None
            sure = sure and entry.observed_ms is None
            if not sure or midnight - MARGIN_MS <= entry.true_ms < window.deadline_ms + MARGIN_MS:
                fever = entry.kind == "temperature_check" and entry.body["celsius"] >= FEVER_CELSIUS
                (turned if fever or entry.body.get("direction") == "out" else maybe).add(who)
            if entry.kind == "gate_pass" and entry.body["direction"] == "in" and sure:
                ack = self.truth.acks.get(entry.id)
                inside = midnight + MARGIN_MS < entry.true_ms < window.deadline_ms - MARGIN_MS
                if inside and ack is not None and ack.outcome == "applied":
                    certain.add(who)
            if entry.kind == "temperature_check" and entry.body["slot"] == window.slot:
                any_way.add(who)
                if self._is_timely(entry, window.opens_ms, window.deadline_ms):
                    timely.add(who)
        if window.state == "missed" and maybe and maybe <= timely:
            self.report("missed_though_measured", f"{window}: all of {len(maybe)} were measured")
        unmeasured = certain - turned - any_way
        if window.state == "met" and unmeasured:
            self.report("met_though_unmeasured", f"{window}: {len(unmeasured)} were never measured")

    def _judge_reports(self, window: Window) -> None:
        for device in self.truth.devices.values():
            counted = self.counted_at(device, window.site, window.deadline_ms)
            if counted and device.through.get(window.site, 0) < window.deadline_ms:
                self.report("missed_though_unheard", f"{window}: {device.tablet} has not reported past it")
                return

    def counted_at(self, device: Device, site: str, at_ms: int) -> bool:
        """Whether a device has counted since before then, without a break."""
        first = device.first.get(site)
        turns = self.truth.holders.get((device.user, site), [])
        # Of a site that a restored server never gave its user, a tablet lets go; it reports for none.
        broken = device.out_ms is not None or not turns or any(not holding for _, holding in turns)
        heard = device.through.get(site, first or 0)
        return first is not None and first <= at_ms and not broken and self.truth.now_ms - heard < DORMANT_MS

    def done(self, site: str, body: Mapping[str, Any]) -> bool:
        """Whether this window's work was done, honestly and in time."""
        window = window_of(site, body)
        return any(self._is_timely(entry, window.opens_ms, window.deadline_ms) for entry in self._of(window))

    def must_count(self, entry: Written) -> bool:
        """Written by a device in use, whose user had the site, or had not pulled that it was taken."""
        return entry.known and self._holding(entry)

    def is_a_thiefs(self, entry: Written) -> bool:
        """Written on a revoked tablet, surely after that."""
        revoked = self.truth.revoked_ms.get(entry.device)
        sure = (
            entry.honest and entry.boot is not None and entry.boot in self.truth.devices[entry.device].boots
        )
        return sure and revoked is not None and entry.true_ms > revoked + MARGIN_MS

    def _holding(self, entry: Written) -> bool:
        """Not long after the site was taken from the user: until then it applies, if `gone` was not pulled."""
        user = self.truth.devices[entry.device].user
        ever = self.truth.holders.get((user, entry.site), [])
        lost = [since for since, holding in ever if not holding and since <= entry.true_ms]
        lately = bool(lost) and not self.truth.restored and entry.true_ms - lost[-1] < GRACE_MS
        return lately or self.truth.holds(user, entry.site, entry.true_ms)


def window_of(site: str, body: Mapping[str, Any]) -> Window:
    """A window from the words in which it is shown."""
    opens_ms, due_ms, closes_ms = (ms_of(body[name]) for name in ("opens", "due", "closes"))
    named = (body["duty"], body.get("place") or "", body["local_date"], body["slot"], body["state"])
    return Window(site, *named, opens_ms, due_ms, due_ms + body["grace_s"] * 1000, closes_ms)


def ms_of(text: str) -> int:
    """Milliseconds since the epoch of an instant in words."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _why(entry: Written) -> str:
    return f"made {(entry.true_ms + SHANGHAI_MS) % DAY_MS // 60_000} min after midnight, boot {entry.boot}"
