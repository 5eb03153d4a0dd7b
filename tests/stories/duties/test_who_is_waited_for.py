"""Whose reports a site waits for before anything is called missed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from server.actions.accounts.manage_users import set_active
from server.actions.devices.refresh_watermark import close_forks
from server.actions.devices.revoke_device import revoke_device
from server.actions.questions.settle_held import held_entries, settle_held
from server.actions.questions.settle_questions import settle_refused
from server.actions.reference.load_reference import tx_of
from server.actions.sites.assign_site import unassign_site
from server.base.db import read, write
from server.models import Device, HeldEntry, KeptEvidence, LogEntry, Quarantine, Site, StreamHead, User
from server.models.access import viewer_of
from server.models.tx import Tx
from server.rules.calendar import instant_ms
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, at, planned_field
from tests.stories.slots import LOG, standing
from tests.stories.wire import WireDevice


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


def now(field: Field, time: str, date: str = DAY) -> None:
    field.cast.clock.set(instant_ms(date, time))


def test_a_tablet_that_has_only_pulled_is_waited_for(field: Field) -> None:
    first, second = field.tablet("first"), field.tablet("second", field.second_inspector())
    now(field, "08:00")
    second.add(field.scope, "disinfection_log", LOG)
    with field.app.app_context(), write() as session:  # it had pulled, and never pushed
        heads = sa.update(StreamHead).where(StreamHead.device_id == second.status().device)
        session.execute(heads.values(complete_ms=None, floors=[], pending=[]))
    now(field, "12:40")
    assert first.sync().ok
    at(field, "12:41")
    assert standing(field)[0] == "silent"
    assert second.sync().ok
    at(field, "12:42")
    assert standing(field)[0] == "met"


def test_a_tablet_whose_site_was_taken_back_is_waited_for_until_it_has_handed_it_over(field: Field) -> None:
    first, second = field.tablet("first"), field.tablet("second", field.second_inspector())
    now(field, "08:00")
    second.add(field.scope, "disinfection_log", LOG)
    _unassign(field, "inspector2")
    now(field, "12:40")
    assert first.sync().ok
    at(field, "12:41")
    assert standing(field)[0] == "silent"
    assert second.sync().ok
    at(field, "12:42")
    assert standing(field)[0] == "met"
    with field.app.app_context(), read() as session:
        heads = session.scalars(sa.select(StreamHead.left_why)).all()
    assert "released" in heads


@pytest.mark.parametrize("what", ["a hole", "a longer stream"])
def test_a_tablet_that_let_a_site_go_is_waited_for_while_lines_of_it_are_known_to_be_missing(
    field: Field, what: str
) -> None:
    field.second_inspector()
    other, device = field.tablet("second", "inspector2"), WireDevice(field)
    now(field, "08:00")
    assert device.push().status_code == 200
    now(field, "08:05")
    lost = device.line()
    sent = [device.line(body={**LOG, "place": "toilet"})] if what == "a hole" else []
    _unassign(field, "inspector")
    assert device.push(*sent).status_code == 200
    now(field, "08:20")
    device.pull({field.scope: ""})  # brings `gone`
    device.pull({"ref": ""})  # names it no more
    now(field, "12:40")
    assert other.sync().ok
    at(field, "12:41")
    assert standing(field)[0] == "silent"
    (outcome,) = device.outcomes(lost)  # the tablet's file was mended
    assert outcome["outcome"] == "applied"
    device.pull({"ref": ""})
    at(field, "12:42")
    assert standing(field)[0] == "met"


def test_after_three_days_a_site_that_was_not_handed_over_goes_to_review(field: Field) -> None:
    first, _ = field.tablet("first"), field.tablet("second", field.second_inspector())
    now(field, "08:00")
    _unassign(field, "inspector2")
    now(field, "12:40")
    assert first.sync().ok
    at(field, "12:41")
    assert standing(field)[0] == "silent"
    at(field, "08:01", "2026-11-27")
    assert standing(field) == ("review", "device_unheard")


@pytest.mark.parametrize("how", ["revoked", "disabled"])
def test_what_a_stopped_tablet_held_is_no_missed_duty_and_is_decided_by_a_person(
    field: Field, how: str
) -> None:
    first, second = field.tablet("first"), field.tablet("second", field.second_inspector())
    now(field, "08:00")
    second.add(field.scope, "disinfection_log", LOG)
    now(field, "09:00")
    _stop(field, how)
    now(field, "12:40")
    assert first.sync().ok
    at(field, "12:41")
    assert standing(field) == ("review", "device_lost")
    assert standing(field, "afternoon")[0] == "open"  # it opened after that
    assert second.push().problem is None  # what it wrote before is taken
    at(field, "12:42")
    assert standing(field) == ("review", "evidence_kept")
    with field.app.app_context(), write() as session:
        viewer, tx = (
            viewer_of(session, session.get_one(User, field.cast.users["section"])),
            _tx(field, session),
        )
        (held,) = held_entries(session, tx.seals, viewer)
        settle_held(tx, viewer, held.entry.id, "accepted", "已向本人核实")
    at(field, "12:43")
    assert standing(field) == ("met", None)
    with field.app.app_context(), read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(HeldEntry)) == 0
        assert session.scalar(sa.select(sa.func.count()).select_from(KeptEvidence)) == 0
        assert session.scalars(sa.select(Quarantine.state)).all() == ["accepted"]


def test_a_stopped_users_tablet_pulls_nothing_and_what_it_writes_later_is_refused(field: Field) -> None:
    device = WireDevice(field)
    assert device.push().status_code == 200
    with field.app.app_context(), write() as session:
        user = session.get_one(User, field.cast.users["inspector"])
        assert set_active(session, user, active=False, now_ms=field.cast.clock.now_ms()) == ["wire"]
    device.clock.advance(120_000)
    answer = device.send("/sync/v1/pull", b'{"sync":1,"schema":"2026.1"}', "application/json")
    assert (answer.status_code, answer.get_json()["code"]) == (401, "device_revoked")
    (outcome,) = device.outcomes(device.line())
    assert (outcome["outcome"], outcome["code"]) == ("refused", "device_revoked")


def test_a_refused_record_shields_its_window_until_a_person_dismisses_it(field: Field) -> None:
    tablet = field.tablet("first")
    now(field, "08:00")
    tablet.add(field.scope, "disinfection_log", {**LOG, "agent": "holy water"})
    now(field, "12:40")
    assert tablet.sync().ok
    at(field, "12:41")
    assert standing(field) == ("review", "evidence_kept")
    with field.app.app_context(), read() as session:
        refused = session.scalars(sa.select(Quarantine.id)).one()
    _dismiss(field, refused)
    at(field, "12:42")
    assert standing(field)[0] == "missed"


def test_a_tablet_that_was_not_heard_from_for_a_week_silences_a_site_no_longer_and_accuses_nobody(
    field: Field,
) -> None:
    first, second = field.tablet("first"), field.tablet("second", field.second_inspector())
    now(field, "12:40", "2026-12-01")
    assert first.sync().ok
    at(field, "12:41", "2026-12-01")
    assert standing(field) == ("review", "device_dormant")
    assert second.sync().ok
    at(field, "12:42", "2026-12-01")
    assert standing(field)[0] == "missed"  # it has reported in, and there was nothing


def test_a_heartbeat_that_was_made_before_the_deadline_does_not_vouch_for_what_came_after_it(
    field: Field,
) -> None:
    device = WireDevice(field)
    now(field, "12:29")
    header = device.header()
    device.clock.advance(80_000)  # a record of 12:29:30 lies on the tablet; the deadline is 12:30
    assert device.push(header=header).status_code == 200
    at(field, "12:31")
    assert standing(field)[0] == "silent"


def test_what_was_cut_or_must_be_sent_again_is_not_complete(field: Field) -> None:
    device = WireDevice(field)
    now(field, "12:40")
    line = device.line()
    assert device.push().status_code == 200  # the header declares the line, and it is not there
    assert _complete(field, device) is None
    assert device.push(line).status_code == 200
    assert _complete(field, device) == field.cast.clock.now_ms() - 60_000


def test_a_forked_stream_waits_until_its_flag_is_closed(field: Field) -> None:
    device = WireDevice(field)
    now(field, "07:00")
    device.outcomes(device.line())
    honest = dict(device.chain)
    device.outcomes(device.line(n=1, prev=""))
    device.chain = honest
    before = _complete(field, device)
    device.clock.advance(600_000)
    assert device.push().status_code == 200
    assert _complete(field, device) == before
    with field.app.app_context(), write() as session:
        close_forks(session, field.cast.site_a, field.cast.clock.now_ms())
    device.clock.advance(600_000)
    assert device.push().status_code == 200
    assert _complete(field, device) == field.cast.clock.now_ms() - 60_000


def test_an_unreadable_line_takes_the_place_that_its_hash_has(field: Field) -> None:
    device = WireDevice(field)
    now(field, "07:00")
    good, bad = device.line(), device.line()[:-1]
    n, _ = device.chain[field.scope]
    from_bytes = hashlib.sha256(bad).hexdigest()
    device.chain[field.scope] = (n, from_bytes)
    third = device.line(body={**LOG, "place": "toilet"})
    outcomes = device.outcomes(good, bad, third)
    assert [one["outcome"] for one in outcomes] == ["applied", "refused", "applied"]
    assert _complete(field, device) == field.cast.clock.now_ms() - 60_000
    at(field, "12:41")
    with field.app.app_context(), read() as session:
        assert session.scalars(sa.select(LogEntry.n).order_by(LogEntry.n)).all() == [1, 2, 3]


def test_a_gate_machine_writes_its_own_kinds_only_and_holds_up_no_other(field: Field) -> None:
    tablet, gate = field.tablet("first"), WireDevice(field)
    with field.app.app_context(), write() as session:
        session.get_one(Device, gate.device).device_class = "gate"
    assert gate.push().status_code == 200
    (outcome,) = gate.outcomes(gate.line())
    assert (outcome["outcome"], outcome["code"]) == ("refused", "kind_not_allowed")
    now(field, "12:40")
    assert tablet.sync().ok
    at(field, "12:41")
    assert standing(field, duty="DISINFECT")[0] in ("missed", "review")
    assert standing(field, "before_work", "TEMP")[0] == "silent"  # the passes of the gate are not in


def _unassign(field: Field, name: str) -> None:
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), write() as session:
        user, site = session.get_one(User, field.cast.users[name]), session.get_one(Site, field.cast.site_a)
        unassign_site(session, seals, user, site, field.cast.clock.now_ms())


def _stop(field: Field, how: str) -> None:
    now_ms = field.cast.clock.now_ms()
    with field.app.app_context(), write() as session:
        if how == "revoked":
            device_id = session.scalars(sa.select(Device.id).where(Device.name == "second")).one()
            revoke_device(session, device_id, now_ms)
        else:
            user = session.get_one(User, field.cast.users["inspector2"])
            set_active(session, user, active=False, now_ms=now_ms)


def _dismiss(field: Field, refused_id: str) -> None:
    with field.app.app_context(), write() as session:
        viewer = viewer_of(session, session.get_one(User, field.cast.users["section"]))
        settle_refused(_tx(field, session), viewer, refused_id, "dismissed", "现场核实没有做")


def _tx(field: Field, session: Session) -> Tx:
    return tx_of(session, field.app.extensions["gongdi"].seals, field.cast.clock.now_ms())


def _complete(field: Field, device: WireDevice) -> int | None:
    with field.app.app_context(), read() as session:
        return session.get_one(StreamHead, (field.cast.site_a, device.device)).complete_ms
