"""Until when a site's tablets have reported: the earliest of those that count."""

from __future__ import annotations

from flask import Flask

from server.actions.accounts.manage_users import set_active
from server.base.db import read, write
from server.models import Device, StreamHead, User
from server.models.watermark import counted_devices
from server.rules.duties.reporting import Reporting, reporting
from tests.server.cast import NOW_MS, Cast, identity

KIND = "disinfection_log"


def test_the_tablet_that_reported_least_recently_decides(app: Flask, cast: Cast) -> None:
    _tablet(app, cast, "one", complete_ms=NOW_MS + 100)
    _tablet(app, cast, "two", complete_ms=NOW_MS + 50)
    assert _watermark(app, cast.site_a) == NOW_MS + 50


def test_one_silent_tablet_leaves_it_unknown(app: Flask, cast: Cast) -> None:
    _tablet(app, cast, "one", complete_ms=NOW_MS + 100)
    _tablet(app, cast, "two", complete_ms=None)
    assert _watermark(app, cast.site_a) is None


def test_a_tablet_that_was_never_heard_of_at_a_site_does_not_count_there(app: Flask, cast: Cast) -> None:
    _tablet(app, cast, "one", complete_ms=NOW_MS + 100)
    _tablet(app, cast, "two", complete_ms=None, site=cast.site_b)
    assert _watermark(app, cast.site_a) == NOW_MS + 100


def test_a_gate_machine_holds_up_its_own_kind_only(app: Flask, cast: Cast) -> None:
    _tablet(app, cast, "one", complete_ms=NOW_MS + 100)
    _tablet(app, cast, "gate", complete_ms=NOW_MS + 50, device_class="gate")
    assert _watermark(app, cast.site_a) == NOW_MS + 100
    assert _watermark(app, cast.site_a, "gate_pass") == NOW_MS + 50


def test_a_revoked_tablet_is_waited_for_no_more_and_may_hold_what_was_open(app: Flask, cast: Cast) -> None:
    _tablet(app, cast, "one", complete_ms=NOW_MS + 100)
    _tablet(app, cast, "two", complete_ms=NOW_MS + 20, state="revoked")
    assert _watermark(app, cast.site_a) == NOW_MS + 100
    reports = _reports(app, cast.site_a)
    assert reports.lost_of([KIND], NOW_MS, NOW_MS + 21) == "device_lost"
    assert reports.lost_of([KIND], NOW_MS, NOW_MS + 20) is None  # it had reported past that deadline
    assert reports.lost_of([KIND], NOW_MS + 40, NOW_MS + 60) is None  # it opened after the revocation


def test_the_tablets_of_a_disabled_user_are_as_if_revoked(app: Flask, cast: Cast) -> None:
    _tablet(app, cast, "one", complete_ms=NOW_MS + 20)
    with app.app_context(), write() as session:
        set_active(session, session.get_one(User, cast.users["inspector"]), active=False, now_ms=NOW_MS + 40)
    assert _watermark(app, cast.site_a) is None
    assert _reports(app, cast.site_a).lost_of([KIND], NOW_MS, NOW_MS + 30) == "device_lost"


def test_the_servers_own_device_is_in_no_watermark(app: Flask, cast: Cast) -> None:
    _tablet(app, cast, "one", complete_ms=NOW_MS + 100)
    _tablet(app, cast, "own", complete_ms=None, device_class="server")
    assert _watermark(app, cast.site_a) == NOW_MS + 100


def test_without_any_tablet_it_is_unknown(app: Flask, cast: Cast) -> None:
    assert _watermark(app, cast.site_a) is None


def _reports(app: Flask, site_id: str) -> Reporting:
    with app.app_context(), read() as session:
        classes = {"tablet": None, "gate": frozenset({"gate_pass"})}
        return reporting(counted_devices(session, [site_id])[site_id], classes, NOW_MS + 1_000)


def _watermark(app: Flask, site_id: str, kind: str = KIND) -> int | None:
    return _reports(app, site_id).watermark([kind])


def _tablet(
    app: Flask,
    cast: Cast,
    name: str,
    *,
    complete_ms: int | None,
    state: str = "active",
    site: str = "",
    device_class: str = "tablet",
) -> None:
    """A device of the inspector that has reported at a site."""
    with app.app_context(), write() as session:
        device = Device(id=identity(name), user_id=cast.users["inspector"], name=name, platform="test")
        device.public_key, device.token_hash = bytes(32), name.encode().ljust(32, b".")
        device.state, device.enrolled_ms, device.device_class = state, NOW_MS, device_class
        device.revoked_ms = NOW_MS + 30 if state == "revoked" else None
        session.add(device)
        head = StreamHead(scope_id=site or cast.site_a, device_id=device.id, head={})
        head.heard_ms, head.since_ms, head.complete_ms = NOW_MS + 1, NOW_MS, complete_ms
        session.add(head)
