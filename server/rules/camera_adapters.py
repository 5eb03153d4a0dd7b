"""How what a camera platform says is read: an adapter is a row of camera_adapters.json. Where a path of members leads
nowhere nothing is there; what is not understood says nothing of a camera, and so accuses none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from server.rules.cameras import OFFLINE, ONLINE, is_code
from server.rules.from_rows import Row, in_force

POLL, WEBHOOK, MQTT = "poll", "webhook", "mqtt"
ITEMS_MAX = 5_000  # of one page or message
_OTHER = "other"
_SAID_MAX = 200


class Event(NamedTuple):
    """Something that a platform thinks it saw: a lead. `at`: when, as it says (empty: it does not);
    `said`: its own words."""

    camera: str
    event: str
    at: str
    said: str


@dataclass(frozen=True, slots=True)
class Adapter:
    """A sort of platform. The members are those of the row."""

    code: str
    name: str
    transport: str
    row: Row

    def of(self, name: str) -> str:
        return str(self.row.get(name) or "")

    def succeeded(self, answer: Any) -> bool:
        """Whether the platform itself says that this is an answer."""
        pairs = (pair.partition("=") for pair in self.row.get("ok") or ())
        return all(_text(member(answer, name)) == value for name, _, value in pairs)

    def items(self, answer: Any) -> list[Any]:
        found = member(answer, self.of("items"))
        return found[:ITEMS_MAX] if isinstance(found, list) else []

    def total(self, answer: Any) -> int | None:
        found = member(answer, self.of("total")) if self.of("total") else None
        return found if isinstance(found, int) and not isinstance(found, bool) else None

    def device(self, item: Any) -> tuple[str, bool | None]:
        """The code of a device, and whether it is online (None: it is not said)."""
        said = member(item, self.of("device_online"))
        return _text(member(item, self.of("device"))), None if said is None else self._is_online(said)

    def states(self, items: Sequence[Any], device_online: bool | None = None) -> dict[str, str]:
        """The state of each camera, by its code. Channels of a device that is offline are offline, whatever they say: some
        platforms forget to say so. One that is named twice is online if it is so once."""
        found: dict[str, str] = {}
        for item in items:
            code, said = _text(member(item, self.of("camera"))), member(item, self.of("state"))
            if is_code(code) and (said is not None or device_online is False):
                is_online = device_online is not False and self._is_online(said)
                found[code] = ONLINE if is_online or found.get(code) == ONLINE else OFFLINE
        return found

    def events(self, message: Any) -> Iterator[Event]:
        """What a message says that was seen."""
        found = member(message, self.of("events")) if self.of("events") else None
        words = dict(pair.split("=") for pair in self.row.get("event_words") or ())
        for item in found[:ITEMS_MAX] if isinstance(found, list) else ():
            code, said = _text(member(item, self.of("camera"))), _text(member(item, self.of("event")))
            if is_code(code) and said:
                own = _text(member(item, self.of("event_said"))) or said
                at = _text(member(item, self.of("event_at")))
                yield Event(code, words.get(said, _OTHER), at, " ".join(own.split())[:_SAID_MAX])

    def _is_online(self, said: Any) -> bool:
        return _text(said) in self.row["online"]


def adapter_of(rows: Sequence[Row], code: str, local_date: str) -> Adapter | None:
    """The adapter of this code as it holds on a local date."""
    row = in_force(rows, code, local_date)
    return None if row is None else Adapter(code, str(row["name"]), str(row["transport"]), row)


def adapters_of(rows: Sequence[Row], transport: str, local_date: str) -> dict[str, Adapter]:
    """Those of this transport that hold on a local date, by code."""
    found = (adapter_of(rows, code, local_date) for code in {str(row["code"]) for row in rows})
    return {one.code: one for one in found if one is not None and one.transport == transport}


def member(value: Any, path: str) -> Any:
    """What is at `a.b.c`; None where nothing is."""
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip() if isinstance(value, str | int) else ""
