"""What really happened in a run, at its true times: written by the world, read by the oracle, never by the product."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

HOUR_MS = 3_600_000


@dataclass
class Written:
    """One entry, as a person wrote it on a tablet. `target`: the record that an edit, amend or void is about.
    `honest`: the act was what it says, when it says it. `forged`: the tablet's counter of the time since boot lied too.
    `known`: the device was in use and its user had the site when it was written, so that the entry must count.
    `unsure`: the wall clock is all there is, and it was moved to and fro unseen."""

    id: str
    tablet: str
    device: str
    site: str
    kind: str
    act: str
    record: str
    target: str
    body: Mapping[str, Any]
    true_ms: int
    boot: str | None
    beacon: str | None
    honest: bool = True
    forged: bool = False
    valid: bool = True
    known: bool = True
    unsure: bool = False


@dataclass
class Ack:
    """What the server answered for an entry at first."""

    outcome: str
    rev: int | None
    seq: int | None
    at_ms: int
    code: str = ""


@dataclass
class Device:
    """`first`: by site, when it first exchanged; `through`: by site, when its last push arrived that declared nothing
    unsent; `boots`: those in which it pushed; `pushes`: when its pushes arrived."""

    id: str
    tablet: str
    user: str
    first: dict[str, int] = field(default_factory=dict)
    through: dict[str, int] = field(default_factory=dict)
    boots: set[str] = field(default_factory=set)
    out_ms: int | None = None  # revoked, lost its user, or copied
    purged: set[str] = field(default_factory=set)
    entered_ms: int = 0  # when it was enrolled
    gone: bool = False  # its tablet will never be seen again


@dataclass
class Lie:
    """Something dishonest, and what must come of it. `kind`: fork, clock, forged, edited, deleted, batch, hidden."""

    kind: str
    site: str
    at_ms: int
    entry: str = ""


@dataclass
class Truth:
    entries: dict[str, Written] = field(default_factory=dict)
    acks: dict[str, Ack] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    arrived: set[str] = field(default_factory=set)  # entries that reached the server
    beacons: dict[str, int] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)  # record of a worker → who it is
    canteen: set[str] = field(default_factory=set)
    sites: dict[str, str] = field(default_factory=dict)  # id → name
    holders: dict[tuple[str, str], list[tuple[int, bool]]] = field(
        default_factory=dict
    )  # (user, site) → since when
    lies: list[Lie] = field(default_factory=list)
    restored: list[tuple[int, int]] = field(default_factory=list)  # when, and of when the backup was
    disturbed: set[str] = field(default_factory=set)  # sites whose people or plans changed: nothing is sure
    revoked_ms: dict[str, int] = field(default_factory=dict)  # device → when the administrator did that
    disabled: set[str] = field(default_factory=set)  # users
    began_ms: int = 0
    now_ms: int = 0

    def holds(self, user: str, site: str, at_ms: int) -> bool:
        """Whether the site was this user's at that time."""
        held = False
        for since_ms, holding in self.holders.get((user, site), []):
            if since_ms <= at_ms:
                held = holding
        return held

    def hand(self, user: str, site: str, holding: bool) -> None:
        self.holders.setdefault((user, site), []).append((self.now_ms, holding))

    def restore(self, of_ms: int) -> None:
        """The server is as it was then: what it answered since, it does not know."""
        self.restored.append((self.now_ms, of_ms))
        self.acks = {key: ack for key, ack in self.acks.items() if ack.at_ms <= of_ms}
        for entry in self.entries.values():
            device = self.devices[entry.device]
            unheard = device.first.get(entry.site, 0) > of_ms or device.entered_ms > of_ms
            if entry.id not in self.acks and (
                unheard or entry.site in device.purged or device.out_ms is not None
            ):
                entry.known = False  # nobody who knows of it is known to the server
        for device in self.devices.values():
            device.first = {site: at_ms for site, at_ms in device.first.items() if at_ms <= of_ms}
            if device.out_ms is not None and of_ms < device.out_ms:
                device.out_ms = None
        self.revoked_ms = {device: at_ms for device, at_ms in self.revoked_ms.items() if at_ms <= of_ms}
        for key, turns in self.holders.items():
            self.holders[key] = [turn for turn in turns if turn[0] <= of_ms]

    def enrolled(self, device: str, tablet: str, user: str) -> None:
        fresh = Device(device, tablet, user)
        fresh.entered_ms = self.now_ms
        self.devices.setdefault(device, fresh)

    def met(self, device: str, sites: Iterable[str], at_ms: int) -> None:
        """A device exchanged before the run began."""
        for site in sites:
            self.devices[device].first.setdefault(site, at_ms)

    def counts(self, device: str, site: str) -> bool:
        """Whether what this device writes of the site now must count."""
        known = self.devices.get(device)
        return known is not None and known.out_ms is None and site in known.first

    def revoked(self, device: str) -> None:
        known = self.devices[device]
        known.out_ms = min(known.out_ms or self.now_ms, self.now_ms)

    def copied(self, device: str) -> None:
        """From now on nobody can tell whose word this device's is: what it has not sent yet proves nothing."""
        self.revoked(device)
        for entry in self.entries.values():
            if entry.device == device and entry.id not in self.acks:
                entry.known = False

    def user_is(self, user: str, active: bool) -> None:
        (self.disabled.discard if active else self.disabled.add)(user)
        for device in self.devices.values():
            if device.user == user and not active:
                self.revoked(device.id)

    def unknown_since(self, device: str, of_ms: int) -> bool:
        """Whether a server as of that time has never heard of this device."""
        entered = self.devices[device].entered_ms if device in self.devices else 0
        return entered > of_ms
