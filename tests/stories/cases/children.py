"""Records of a case, as inspectors write them on a tablet."""

from __future__ import annotations

import hashlib
from typing import Any

from server.base.clock import to_iso
from server.rules.calendar import add_days, instant_ms
from sync_protocol.client.tablet import Tablet
from tests.stories.field import Field
from tests.stories.flags.cast import DAY

REPORTS = ("community_reported", "headquarters_reported", "bureau_reported")


def photo_of(name: str) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(name.encode()).hexdigest(), "bytes": 1000, "type": "image/jpeg"}


def _add(field: Field, tablet: Tablet, kind: str, at_ms: int, body: dict[str, Any]) -> str:
    field.cast.clock.set(at_ms)
    return tablet.add(field.scope, kind, body)


def receipt(field: Field, tablet: Tablet, case: str, part: str, time: str, date: str = DAY) -> str:
    at_ms = instant_ms(date, time)
    said = {"case": case, "reported_to": part, "reported": to_iso(at_ms), "taken_by": "王主任"}
    return _add(field, tablet, "case_report", at_ms, {**said, "receipt": f"2026-{part}"})


def accepted(field: Field, tablet: Tablet, case: str, time: str, date: str = DAY) -> str:
    at_ms = instant_ms(date, time)
    said = {"case": case, "community": "和平社区", "name": "赵网格", "phone": "13900000002"}
    return _add(field, tablet, "community_acceptance", at_ms, {**said, "accepted": to_iso(at_ms)})


def sampled(
    field: Field, tablet: Tablet, case: str, date: str, time: str, day: int, result: str = "negative"
) -> str:
    at_ms = instant_ms(date, time)
    said = {
        "case": case,
        "day": day,
        "sampled": to_iso(at_ms),
        "site_of_test": "社区采样点",
        "result": result,
    }
    more = {} if result == "pending" else {"reported": to_iso(at_ms)}
    return _add(field, tablet, "nucleic_test", at_ms, {**said, **more})


def ordered(field: Field, tablet: Tablet, case: str, time: str, **more: Any) -> str:
    """An order from that day on."""
    until = add_days(DAY, more["days"] - 1)
    said = {"case": case, "where_kept": "隔离室 1", "since": DAY, "until": until, "ordered_by": "和平社区"}
    return _add(field, tablet, "isolation_order", instant_ms(DAY, time), {**said, **more})


def watched(field: Field, tablet: Tablet, case: str, date: str, time: str) -> str:
    said = {"case": case, "half": "morning", "celsius": 36.5, "symptoms": ["none"], "stayed": "yes"}
    return _add(field, tablet, "health_watch", instant_ms(date, time), said)
