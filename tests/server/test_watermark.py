"""Through when a site's tablets have reported in: the least of those that count."""

from __future__ import annotations

from flask import Flask

from server.db import read, write
from server.models import Assignment, Device, StreamHead
from server.models.watermark import scope_watermark
from tests.server.cast import NOW_MS, Cast, identity


def test_the_tablet_that_reported_least_recently_decides(app: Flask, cast: Cast) -> None:
    _tablet(app, cast, "one", complete_ms=NOW_MS + 100)
    _tablet(app, cast, "two", complete_ms=NOW_MS + 50)
    assert _watermark(app, cast.site_a) == NOW_MS + 50


def test_one_silent_tablet_leaves_it_unknown(app: Flask, cast: Cast) -> None:
    _tablet(app, cast, "one", complete_ms=NOW_MS + 100)
    _tablet(app, cast, "two", complete_ms=None)
    assert _watermark(app, cast.site_a) is None


def test_a_tablet_that_pushed_only_elsewhere_leaves_it_unknown(app: Flask, cast: Cast) -> None:
    _tablet(app, cast, "one", complete_ms=NOW_MS + 100)
    _tablet(app, cast, "two", complete_ms=NOW_MS + 100, site=cast.site_b)
    assert _watermark(app, cast.site_a) is None


def test_a_revoked_tablet_is_out_of_the_quorum(app: Flask, cast: Cast) -> None:
    _tablet(app, cast, "one", complete_ms=NOW_MS + 100)
    _tablet(app, cast, "two", complete_ms=None, state="revoked")
    assert _watermark(app, cast.site_a) == NOW_MS + 100


def test_an_enrolment_whose_answer_was_lost_does_not_silence_the_site(app: Flask, cast: Cast) -> None:
    _tablet(app, cast, "one", complete_ms=NOW_MS + 100)
    _tablet(app, cast, "two", pushed=False)
    assert _watermark(app, cast.site_a) == NOW_MS + 100


def test_without_any_tablet_it_is_unknown(app: Flask, cast: Cast) -> None:
    assert _watermark(app, cast.site_a) is None
    _tablet(app, cast, "one", complete_ms=NOW_MS + 100)
    with app.app_context(), write() as session:
        session.get_one(Assignment, (cast.site_a, cast.users["inspector"])).ended_ms = NOW_MS + 1
    assert _watermark(app, cast.site_a) is None


def _watermark(app: Flask, site_id: str) -> int | None:
    with app.app_context(), read() as session:
        return scope_watermark(session, site_id)


def _tablet(
    app: Flask,
    cast: Cast,
    name: str,
    *,
    complete_ms: int | None = None,
    state: str = "active",
    pushed: bool = True,
    site: str = "",
) -> None:
    """The inspector's tablet, which pushed to a site, or never did."""
    with app.app_context(), write() as session:
        device = Device(id=identity(name), user_id=cast.users["inspector"], name=name, platform="test")
        device.public_key, device.token_hash = bytes(32), name.encode().ljust(32, b".")
        device.state, device.enrolled_ms = state, NOW_MS
        device.seen_ms = NOW_MS + 1 if pushed else NOW_MS
        session.add(device)
        if pushed:
            head = StreamHead(scope_id=site or cast.site_a, device_id=device.id, head={})
            head.heard_ms, head.complete_ms = NOW_MS + 1, complete_ms
            session.add(head)
