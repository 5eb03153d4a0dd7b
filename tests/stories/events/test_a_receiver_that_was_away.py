"""A receiver may be away for days: whatever happened meanwhile arrives afterwards, once each and in its order."""

from __future__ import annotations

from server.base.db import write
from server.models import EventSink
from server.rules.calendar import HOUR_MS
from server.workflows.scheduler import tick
from tests.stories.events.receiver import Other
from tests.stories.flags.cast import missed_flag, moved


def test_nothing_is_lost_in_an_outage_of_seventy_two_hours(other: Other) -> None:
    other.listen()
    flag = missed_flag(other.field)
    other.deliver()
    before = len(other.receiver.ids())
    assert before > 0
    other.receiver.is_down = True
    clock, section = other.cast.clock, None
    for hour in range(72):
        clock.advance(HOUR_MS)
        tick(other.app, clock.now_ms())
        if hour in (1, 30):
            section = other.cast.client("section")
            moved(section, flag, "acknowledge" if hour == 1 else "order_rectification")
        other.deliver()
    wanted = [event.id for event in other.stored()]
    assert len(wanted) > before + 2 and other.receiver.ids() == wanted[:before]
    assert other.sink().failed_ms is not None
    other.receiver.is_down = False
    clock.advance(HOUR_MS)
    other.deliver()
    assert other.receiver.ids() == wanted
    assert other.sink().failed_ms is None
    assert all(other.is_signed(headers, body) for headers, body in other.receiver.got)


def test_the_feed_catches_up_from_a_cursor_over_the_same_outage(other: Other) -> None:
    flag = missed_flag(other.field)
    page = other.feed()
    seen = [item["data"]["id"] for item in page["items"]]
    moved(other.cast.client("section"), flag, "acknowledge")
    other.cast.clock.advance(72 * HOUR_MS)
    tick(other.app, other.cast.clock.now_ms())
    cursor, more = page["cursor"], True
    while more:
        page = other.feed(cursor, limit=2)
        seen += [item["data"]["id"] for item in page["items"]]
        cursor, more = page["cursor"], page["more"]
    assert seen == [event.id for event in other.stored()] and page["gaps"] == []
    assert other.feed(cursor)["items"] == []


def test_a_receiver_that_is_away_is_tried_less_and_less_often(other: Other) -> None:
    other.listen()
    missed_flag(other.field)
    other.receiver.is_down = True
    for _ in range(6 * 60):
        other.deliver()
        other.cast.clock.advance(60_000)
    assert 6 <= other.receiver.tries <= 14


def test_a_sender_that_died_is_followed_by_another_with_the_same_messages(other: Other) -> None:
    sink_id = other.listen()
    missed_flag(other.field)
    other.deliver()
    first = other.receiver.ids()
    with other.app.app_context(), write() as session:  # what arrived was not recorded
        session.get_one(EventSink, sink_id).positions = {}
    other.deliver()
    assert other.receiver.ids() == first and len(other.receiver.got) > len(first)


def test_only_the_types_that_were_asked_for_are_sent(other: Other) -> None:
    other.listen("window.missed")
    missed_flag(other.field)
    other.deliver()
    assert {message["type"] for message in other.receiver.messages()} == {"window.missed"}
    assert other.deliver() == {"sent": 0, "failed": 0}
