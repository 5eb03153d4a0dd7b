"""Who reports in a scope, and what a window that lacks evidence may be called because of it (SPEC: Watermark)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sync_protocol.watermark import Reporter, kind_watermark

EVERY_KIND = "*"  # in a device class: it writes every kind that devices write
RELEASED, UNHEARD, LOST, DORMANT = "released", "device_unheard", "device_lost", "device_dormant"

Classes = Mapping[str, frozenset[str] | None]  # what each class of devices writes; None: every kind


class Counted(NamedTuple):
    """A device that counts in a scope, or did. `complete_ms`: through when its stream is complete; `left_ms` and
    `left_why`: since when and why it counts no more; `stopped_ms`: when it was revoked or its user disabled."""

    device_id: str
    device_class: str
    complete_ms: int | None
    since_ms: int
    left_ms: int | None
    left_why: str | None
    stopped_ms: int | None


class Lost(NamedTuple):
    """A device that may hold entries out of reach: of windows that opened before `until_ms` (None: of all since)
    and whose deadline is after `through_ms`."""

    reason: str
    through_ms: int
    until_ms: int | None
    kinds: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Reporting:
    """The reports of a scope at a moment."""

    now_ms: int
    reporters: tuple[Reporter, ...]
    lost: tuple[Lost, ...]
    written: frozenset[str] | None  # kinds that some class of devices writes; None: every kind

    def watermark(self, kinds: Iterable[str]) -> int | None:
        """Through when all of these kinds are complete; None: unknown."""
        least = self.now_ms
        for kind in kinds:
            only_server = self.written is not None and kind not in self.written
            through_ms = kind_watermark(self.reporters, kind, self.now_ms, only_server)
            if through_ms is None:
                return None
            least = min(least, through_ms)
        return least

    def lost_of(self, kinds: Iterable[str], opens_ms: int, deadline_ms: int) -> str | None:
        """Why evidence for such a window may be in a device that reports no more; None: it is in none."""
        wanted = set(kinds)
        if not wanted:
            return None
        for one in self.lost:
            opened = one.until_ms is None or opens_ms < one.until_ms
            if opened and deadline_ms > one.through_ms and (one.kinds is None or wanted & one.kinds):
                return one.reason
        return None


def reporting(devices: Iterable[Counted], classes: Classes, now_ms: int) -> Reporting:
    """What the devices of a scope say together. One of a class that is not known writes every kind."""
    reporters, lost = [], []
    for device in devices:
        kinds = classes.get(device.device_class)
        through_ms = device.complete_ms if device.complete_ms is not None else device.since_ms
        if device.left_ms is not None and device.left_why == RELEASED:
            continue
        if device.stopped_ms is not None:
            lost.append(Lost(LOST, through_ms, device.stopped_ms, kinds))
        elif device.left_ms is not None:
            until_ms = None if device.left_why == DORMANT else device.left_ms
            lost.append(Lost(str(device.left_why), through_ms, until_ms, kinds))
        else:
            reporters.append(Reporter(kinds, device.complete_ms))
    written = [kinds for kinds in classes.values() if kinds is not None]
    every = len(written) < len(classes) or not classes
    return Reporting(now_ms, tuple(reporters), tuple(lost), None if every else frozenset().union(*written))
