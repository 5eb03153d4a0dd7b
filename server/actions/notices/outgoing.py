"""A digest as it leaves."""

from __future__ import annotations

from dataclasses import dataclass

import apprise

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A digest to be sent at `at_ms`. `key` is the same at every try. `kind`: the code of its channel. `address`: None when
    its seal does not open, so that the try fails like any other."""

    key: str
    kind: str
    address: str | None
    title: str
    lines: tuple[str, ...]
    count: int
    severe: bool
    at_ms: int


def send_by_apprise(outgoing: Outgoing, address: str, extra: str = "") -> bool:
    """Send it to an apprise address; whether the service accepted it. `extra`: more of the address's query."""
    channel = apprise.Apprise(asset=apprise.AppriseAsset(app_id="Gongdi", app_desc="", async_mode=False))
    between = "&" if "?" in address else "?"
    if not channel.add(f"{address}{between}cto={TIMEOUT_S}&rto={TIMEOUT_S}{extra}"):
        return False
    body = "\n".join(outgoing.lines)
    return bool(channel.notify(body=body, title=outgoing.title, body_format=apprise.NotifyFormat.TEXT))
