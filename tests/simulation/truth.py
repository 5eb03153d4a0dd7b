"""What really happened in a run, at its true times: written by the world, read by the oracle, never by the product."""

from __future__ import annotations

from collections.abc import Mapping
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
    observed_ms: int | None = None  # when its author says that the work was done


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
    twice: bool = False  # its file was copied to another machine


@dataclass
class Batch:
    """A crew's readings, made up in one moment: `entries`."""

    site: str
    entries: tuple[str, ...]


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
    # (user, site) → since when it is and is not his
    holders: dict[tuple[str, str], list[tuple[int, bool]]] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)
    # (site, SHA-256) → when its last byte arrived
    photos: dict[tuple[str, str], int] = field(default_factory=dict)
    restored: list[tuple[int, int]] = field(default_factory=list)  # when, and of when the backup was
    disturbed: set[str] = field(default_factory=set)  # sites whose people or plans changed: nothing is sure
    revoked_ms: dict[str, int] = field(default_factory=dict)  # device → when the administrator did that
    disabled: set[str] = field(default_factory=set)  # users
    began_ms: int = 0
    ticked_ms: int = 0  # when a scheduler looked last
    now_ms: int = 0

    def holds(self, user: str, site: str, at_ms: int) -> bool:
        """Whether the site was this user's at that time."""
        held = False
        for since_ms, holding in self.holders.get((user, site), []):
            if since_ms <= at_ms:
                held = holding
        return held
