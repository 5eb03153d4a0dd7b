"""Receivers of events are shown and managed at the page of service accounts, and by commands."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from server.actions.accounts.service_accounts import EVENTS, NewService, add_service
from server.actions.events.sinks import SINKS_MAX
from server.actions.reference.load_reference import tx_of
from server.base.db import read, write
from server.cli.main import gongdi
from server.models import AuditEvent, Site
from server.models.event import EventSink
from tests.server.cast import Cast
from tests.server.office import Office, Seat, refusal_of
from tests.stages import reach_reference

ADDRESS = "https://sheng.example/gongdi?token=s3cret"
_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{44}")


@pytest.fixture
def account(app: Flask, cast: Cast) -> str:
    reach_reference(app)
    with app.app_context(), write() as session:
        tx = tx_of(session, app.extensions["gongdi"].seals, cast.clock.now_ms())
        site = session.get_one(Site, cast.site_a)
        return add_service(tx, NewService("省平台", (EVENTS,), [site]))[0].id


@pytest.fixture
def seat(app: Flask, cast: Cast) -> Seat:
    return Office(app, cast).seat("admin")


def _sinks(app: Flask) -> list[EventSink]:
    with app.app_context(), read() as session:
        return list(session.scalars(sa.select(EventSink).order_by(EventSink.made_ms, EventSink.id)))


def test_a_receiver_is_added_at_the_page_and_its_secret_is_shown_once(
    app: Flask, account: str, seat: Seat
) -> None:
    added = seat.send(
        "admin/services",
        f"admin/services/{account}/sinks",
        address=ADDRESS,
        type=["flag.opened", "window.missed"],
    )
    secret = _SECRET.search(added.text)
    assert added.status_code == 200 and secret is not None
    page = seat.get("admin/services")
    assert secret[0] not in page and "s3cret" not in page  # a path may hold a token
    assert "sheng.example" in page and "正常" in page
    (sink,) = _sinks(app)
    assert sink.types == ["flag.opened", "window.missed"]
    with app.app_context(), read() as session:
        (deed,) = session.scalars(sa.select(AuditEvent).where(AuditEvent.what == "sink_added"))
        assert "s3cret" not in str(vars(deed))


def test_one_that_cannot_be_reached_says_so_since_when(
    app: Flask, account: str, seat: Seat, cast: Cast
) -> None:
    seat.send("admin/services", f"admin/services/{account}/sinks", address=ADDRESS)
    with app.app_context(), write() as session:
        sink = session.scalars(sa.select(EventSink)).one()
        sink.failed_ms, sink.sent_ms = cast.clock.now_ms(), cast.clock.now_ms() - 60_000
    page = seat.get("admin/services")
    assert "送不到" in page and "恢复后补发" in page


def test_a_receiver_that_is_closed_at_the_page_is_gone_from_it(app: Flask, account: str, seat: Seat) -> None:
    seat.send("admin/services", f"admin/services/{account}/sinks", address=ADDRESS)
    (sink,) = _sinks(app)
    assert seat.send("admin/services", f"admin/event-sinks/{sink.id}/close").status_code == 303
    assert "sheng.example" not in seat.get("admin/services")
    assert _sinks(app)[0].next_ms is None
    again = seat.send("admin/services", f"admin/event-sinks/{sink.id}/close")
    assert again.status_code == 404


@pytest.mark.parametrize(
    "typed",
    [
        {"address": "sheng.example/gongdi"},
        {"address": "ftp://sheng.example/"},
        {"address": "https://sheng.example/#part"},
        {"address": "https://"},
        {"address": "https://sheng.example/" + "x" * 300},
        {"address": ADDRESS, "type": ["flag.invented"]},
    ],
    ids=lambda typed: str(typed)[:40],
)
def test_what_is_no_address_or_no_event_is_refused_and_changes_nothing(
    app: Flask, account: str, seat: Seat, typed: dict[str, object]
) -> None:
    answer = seat.send("admin/services", f"admin/services/{account}/sinks", **typed)
    assert (answer.status_code, refusal_of(answer)) == (422, "invalid_input")
    assert _sinks(app) == []


def test_an_account_has_few_receivers(app: Flask, account: str, seat: Seat) -> None:
    for number in range(SINKS_MAX + 1):
        answer = seat.send(
            "admin/services", f"admin/services/{account}/sinks", address=f"https://sheng{number}.example/"
        )
    assert answer.status_code == 422 and len(_sinks(app)) == SINKS_MAX


def test_only_administrators_manage_receivers(app: Flask, account: str, seat: Seat, cast: Cast) -> None:
    seat.send("admin/services", f"admin/services/{account}/sinks", address=ADDRESS)
    (sink,) = _sinks(app)
    section = Office(app, cast).seat("section")
    for path in (f"admin/services/{account}/sinks", f"admin/event-sinks/{sink.id}/close"):
        assert section.send("flags", path, address=ADDRESS).status_code == 404
    assert len(_sinks(app)) == 1 and _sinks(app)[0].next_ms is not None


def test_commands_add_list_and_close_a_receiver(
    app: Flask, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = app.extensions["gongdi"].config
    monkeypatch.setenv("GONGDI_DATABASE_URL", config.database_url)
    monkeypatch.setenv("GONGDI_DATA_DIR", str(config.data_dir))

    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(gongdi, list(words))
        assert done.exit_code == code, done.output
        return done.output

    added = run("service", "sink", "省平台", ADDRESS, "--type", "device.silent")
    secret = _SECRET.search(added)
    assert secret is not None and "sheng.example" in added
    listed = run("service", "list")
    (sink,) = _sinks(app)
    assert sink.id in listed and "sheng.example" in listed
    assert secret[0] not in listed and "s3cret" not in listed
    assert "invalid_input" in run("service", "sink", "省平台", "no address", code=1)
    run("service", "unsink", sink.id)
    assert sink.id not in run("service", "list")
    assert "not_found" in run("service", "unsink", sink.id, code=1)
