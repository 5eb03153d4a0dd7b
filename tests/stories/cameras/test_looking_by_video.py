"""Somebody looks by video at a key place of a site that has cameras, each week, and says what was seen, with a snapshot."""

from __future__ import annotations

import hashlib
from pathlib import Path

import sqlalchemy as sa

from server.base.db import read
from server.models import Window
from tests.stories.cameras.platform import Watching
from tests.stories.field import Field
from tests.stories.photos import picture

NEXT_WEEK = "2026-11-30"


def _weeks(watching: Watching) -> list[tuple[str, str, str | None]]:
    with watching.app.app_context(), read() as session:
        query = sa.select(Window.local_date, Window.state, Window.reason).where(Window.duty == "CAMERA-CHECK")
        return [tuple(row) for row in session.execute(query.order_by(Window.local_date))]


def test_a_site_without_a_camera_is_not_asked(bare: Watching) -> None:
    for date in ("2026-11-28", "2026-11-29", "2026-11-30"):
        bare.now("20:00", date)
        bare.tick()
    assert _weeks(bare) == []


def test_a_record_with_a_snapshot_meets_the_week(watching: Watching, tmp_path: Path) -> None:
    for date in ("2026-11-28", "2026-11-29"):
        watching.now("20:00", date)
        watching.tick()
    assert [week[:2] for week in _weeks(watching)] == [(NEXT_WEEK, "open")]
    watching.now("10:00", NEXT_WEEK)
    tablet = Field(watching.cast, tmp_path).tablet("first")
    (gate,) = [one for one in tablet.list("site")[0].body["places"] if one["kind"] == "gate"]
    shot = picture()
    sha256 = hashlib.sha256(shot).hexdigest()
    seen = {"place_id": gate["id"], "camera": "大门球机", "online": "yes", "seen": ["good"]}
    promised = {"sha256": sha256, "bytes": len(shot), "type": "image/jpeg"}
    tablet.add(f"site:{watching.cast.site_a}", "camera_check", seen | {"photo": [sha256]}, media=[promised])
    assert tablet.sync().ok and tablet.refused() == []
    assert [week[:2] for week in _weeks(watching)] == [(NEXT_WEEK, "met")]
