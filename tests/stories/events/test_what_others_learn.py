"""What programs of others learn: what happened and what became of it, and nobody's name or health."""

from __future__ import annotations

import sqlalchemy as sa

from server.actions.events.sinks import close_sink
from server.actions.questions.settle_questions import settle_refused
from server.actions.records.feed import publish
from server.actions.records.window_record import window_put
from server.actions.reference.load_reference import tx_of
from server.base.db import read, write
from server.models import Quarantine, Scope, User, Window
from server.models.access import viewer_of
from server.rules.calendar import DAY_MS
from server.workflows.scheduler import tick
from tests.server.cast import add_flag
from tests.stories.events.receiver import Other
from tests.stories.field import WORKER
from tests.stories.flags.cast import act, missed_flag, moved
from tests.stories.wire import CHECK, WireDevice


def _types(other: Other) -> list[str]:
    return [event.type for event in other.stored()]


def test_a_missed_window_and_its_flag_are_reported_with_each_move(other: Other) -> None:
    flag = missed_flag(other.field)
    assert {"window.missed", "flag.opened"} <= set(_types(other))
    section = other.cast.client("section")
    moved(section, flag, "acknowledge")
    last = other.stored()[-1]
    assert last.type == "flag.moved" and last.data["action"] == "acknowledge" and last.data["flag"] == flag
    assert (last.data["duty"], last.data["state"]) == ("DISINFECT", "acknowledged")
    assert "已核实" not in str(last.data) and "孙丽" not in str(last.data)


def test_numbers_of_a_site_have_no_hole(other: Other) -> None:
    missed_flag(other.field)
    assert [event.number for event in other.stored()] == list(range(1, len(other.stored()) + 1))


def test_a_window_that_was_called_missed_and_is_looked_at_again_is_reported(other: Other) -> None:
    missed_flag(other.field)
    missed = [event.data["window"] for event in other.stored() if event.type == "window.missed"]
    now_ms = other.cast.clock.now_ms()
    with other.app.app_context(), write() as session:
        window = session.get_one(Window, (other.cast.site_a, missed[0]))
        window.state = "review"
        scope = session.get_one(Scope, other.cast.site_a)
        publish(session, scope, other.app.extensions["gongdi"].seals, now_ms, [window_put(window)])
    last = other.stored()[-1]
    assert (last.type, last.data["state"], last.data["window"]) == ("window.revised", "review", missed[0])


def test_a_refused_entry_is_reported_without_what_it_says_and_so_is_its_end(other: Other) -> None:
    device = WireDevice(other.field)
    device.outcomes(device.line("worker", {**WORKER, "certificate_number": "410702199003072331"}))
    refused = other.stored()[-1]
    assert refused.type == "entry.refused" and refused.data["fields"] == ["/body/certificate_number"]
    assert "410702199003072331" not in str(refused.data) and WORKER["name"] not in str(refused.data)
    with other.app.app_context(), read() as session:
        viewer = viewer_of(session, session.get_one(User, other.cast.users["inspector"]))
        row = session.scalars(sa.select(Quarantine)).one()
    with other.app.app_context(), write() as session:
        tx = tx_of(session, other.app.extensions["gongdi"].seals, other.cast.clock.now_ms())
        settle_refused(tx, viewer, row.id, "dismissed", "号码写错")
    assert (other.stored()[-1].type, other.stored()[-1].data["state"]) == ("entry.settled", "dismissed")


def test_a_device_that_falls_silent_and_is_heard_again_is_reported(other: Other) -> None:
    device = WireDevice(other.field)
    assert device.outcomes(device.line("temperature_check", CHECK))[0]["outcome"] == "applied"
    other.cast.clock.advance(8 * DAY_MS)
    tick(other.app, other.cast.clock.now_ms())
    assert "device.silent" in _types(other)
    device.outcomes()
    assert _types(other)[-1] == "device.heard"


def test_flags_of_cases_are_left_out(other: Other) -> None:
    with other.app.app_context(), write() as session:
        flag_id = add_flag(session, other.cast.site_a, "a case", duty="CASE-TESTED")
    before = len(other.stored())
    act(other.cast.client("section"), flag_id, "note")
    assert len(other.stored()) == before


def test_a_closed_address_gets_nothing(other: Other) -> None:
    sink_id = other.listen()
    with other.app.app_context(), write() as session:
        tx = tx_of(session, other.app.extensions["gongdi"].seals, other.cast.clock.now_ms())
        close_sink(tx, sink_id)
    missed_flag(other.field)
    other.deliver()
    assert other.receiver.tries == 0


def test_events_that_were_forgotten_before_they_were_read_are_a_named_gap(other: Other) -> None:
    missed_flag(other.field)
    cursor = other.feed(limit=1)["cursor"]
    other.cast.clock.advance(31 * DAY_MS)
    tick(other.app, other.cast.clock.now_ms())
    tick(other.app, other.cast.clock.now_ms())
    assert other.feed(cursor)["gaps"] == [other.cast.site_a]
    assert other.stored()[0].number > 1


def test_a_feed_from_now_has_only_what_comes(other: Other) -> None:
    flag = missed_flag(other.field)
    page = other.feed("now")
    assert page["items"] == []
    moved(other.cast.client("section"), flag, "acknowledge")
    assert [item["type"] for item in other.feed(page["cursor"])["items"]] == ["flag.moved"]


def test_a_cursor_of_somebody_else_is_refused(other: Other) -> None:
    missed_flag(other.field)
    cursor = other.feed()["cursor"]
    headers = {"Authorization": f"Bearer {other.key}"}
    client = other.app.test_client()
    for wrong in (f"{cursor}x", cursor[:-3], "!", "QQ"):
        answer = client.get("/api/v1/events", query_string={"cursor": wrong}, headers=headers)
        assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["cursor"])
    answer = client.get(
        "/api/v1/events", query_string={"cursor": cursor, "district": "410704"}, headers=headers
    )
    assert answer.status_code == 422
