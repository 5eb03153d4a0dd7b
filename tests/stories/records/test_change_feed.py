"""The change feed of records passes nothing by, whoever commits when."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import sqlalchemy as sa

from server.actions.records.feed import Feed, Put
from server.actions.sites import record_changes
from server.base.db import read, write
from server.models import Scope
from server.models.scope import lock_scope, renew_epochs
from sync_protocol.client.tablet import Tablet
from tests.server.cast import COMPANY_A, NOW_MS, add_flag, add_site, identity
from tests.stories.field import WORKER, Field
from tests.stories.records.conftest import CLEANED, Ask, put
from tests.stories.records.test_pages_of_records import cleaned, ids

pytestmark = pytest.mark.usefixtures("brigade_sees_both")
START = record_changes.START


class Reader:
    """A program that keeps a copy by the feed alone, as its rule says."""

    def __init__(self, ask: Ask, name: str = "brigade", **asked: Any) -> None:
        self._ask, self._name, self._asked = ask, name, asked
        self.cursor = START
        self.held: dict[str, dict[str, Any]] = {}
        self.came: list[tuple[str, int, str]] = []

    def catch_up(self) -> list[str]:
        """What came, by id."""
        came, more = [], True
        while more:
            page = self._ask(self._name, **self._asked, changed_since=self.cursor)
            for site in page["from_start"]:
                self.held = {key: item for key, item in self.held.items() if item["site"] != site}
            for item in page["items"]:
                came.append(item["id"])
                if item["state"] == "deleted":
                    self.held.pop(item["id"], None)
                else:
                    self.held[item["id"]] = item
            self.cursor, more = page["changed_since"], page["more"]
        return came


def test_it_begins_with_everything_and_then_brings_what_changed(
    field: Field, tablet: Tablet, ask: Ask
) -> None:
    first = tablet.add(field.scope, "disinfection_log", CLEANED)
    assert tablet.sync().ok
    reader = Reader(ask, limit=1)
    assert reader.catch_up() == [first]
    assert reader.catch_up() == []
    second = tablet.add(field.scope, "disinfection_log", CLEANED)
    assert tablet.sync().ok
    assert reader.catch_up() == [second]


def test_edits_amendments_voids_and_corrections_come_again(field: Field, tablet: Tablet, ask: Ask) -> None:
    wrong, void = (tablet.add(field.scope, "disinfection_log", CLEANED) for _ in range(2))
    person = tablet.add(field.scope, "worker", WORKER)
    assert tablet.sync().ok and tablet.refused() == []
    reader = Reader(ask)
    assert set(reader.catch_up()) == {wrong, void, person}
    right = tablet.amend(field.scope, wrong, {**CLEANED, "operator": "李师傅"})
    tablet.void(field.scope, void, "记错了")
    tablet.edit(field.scope, person, {"team": "木工班"})
    assert tablet.sync().ok and tablet.refused() == []
    assert set(reader.catch_up()) == {wrong, right, void, person}
    held = {key: (item["state"], item["rev"]) for key, item in reader.held.items()}
    assert held[wrong][0] == "corrected" and held[void][0] == "voided" and held[right][0] == "in_force"
    assert held[person] == ("in_force", 2) and reader.held[person]["fields"]["team"] == "木工班"
    tablet.void(field.scope, right, "还是原来的对")
    assert tablet.sync().ok
    assert set(reader.catch_up()) == {wrong, right}  # what the correction had corrected counts again
    assert reader.held[wrong]["state"] == "in_force"


def test_a_deleted_record_comes_as_a_tombstone_to_who_had_it_alone(field: Field, ask: Ask) -> None:
    put(field, field.cast.site_a, [cleaned(1), cleaned(2)])
    reader = Reader(ask)
    reader.catch_up()
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), write() as session:
        scope = lock_scope(session, field.cast.site_a)
        assert scope is not None
        feed = Feed(session, scope, seals, NOW_MS)
        feed.delete([cleaned(1).id])
        feed.flush()
    page = ask("brigade", changed_since=reader.cursor)
    assert [(item["id"], item["state"], item["fields"]) for item in page["items"]] == [
        (cleaned(1).id, "deleted", None)
    ]
    assert reader.catch_up() == [cleaned(1).id] and list(reader.held) == [cleaned(2).id]
    assert Reader(ask).catch_up() == [cleaned(2).id]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_what_commits_later_comes_later_though_its_number_is_older(field: Field, ask: Ask) -> None:
    """A writer takes its number at site A and is slow; another commits at site B; then the first commits."""
    reader = Reader(ask)
    reader.catch_up()
    seals, slow = field.app.extensions["gongdi"].seals, cleaned(1)
    with field.app.app_context(), write() as session:
        scope = lock_scope(session, field.cast.site_a)
        assert scope is not None
        feed = Feed(session, scope, seals, NOW_MS)
        feed.put([slow])
        feed.flush()
        in_thread(lambda: put(field, field.cast.site_b, [cleaned(2)]))
        assert in_thread(reader.catch_up) == [cleaned(2).id]
    assert reader.catch_up() == [slow.id]


def test_two_writers_of_one_site_commit_in_the_order_of_their_numbers(field: Field, ask: Ask) -> None:
    """The second writer gets no number before the first has committed, even if it would be done sooner."""
    reader = Reader(ask)
    reader.catch_up()
    seals, done = field.app.extensions["gongdi"].seals, threading.Event()

    def second() -> None:
        put(field, field.cast.site_a, [cleaned(2)])
        done.set()

    later = threading.Thread(target=second)
    with field.app.app_context(), write() as session:
        scope = lock_scope(session, field.cast.site_a)
        assert scope is not None
        feed = Feed(session, scope, seals, NOW_MS)
        feed.put([cleaned(1)])
        feed.flush()
        later.start()
        assert not done.wait(0.5)
        assert in_thread(reader.catch_up) == []
    later.join()
    assert reader.catch_up() == [cleaned(1).id, cleaned(2).id]


def test_many_writers_and_a_reader_at_the_same_time_lose_nothing(field: Field, ask: Ask) -> None:
    sites = (field.cast.site_a, field.cast.site_b)
    reader, begun = Reader(ask, limit=3), Reader(ask)
    begun.catch_up()

    def write_some(writer: int) -> None:
        for number in range(8):
            put(field, sites[(writer + number) % 2], [cleaned(writer * 100 + number)])

    writers = [threading.Thread(target=write_some, args=(writer,)) for writer in range(4)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        reader.catch_up()
        begun.catch_up()
    reader.catch_up()
    begun.catch_up()
    wanted = {cleaned(writer * 100 + number).id for writer in range(4) for number in range(8)}
    assert set(reader.held) == set(begun.held) == wanted


def test_a_site_that_is_seen_since_lately_starts_at_its_beginning(field: Field, ask: Ask) -> None:
    put(field, field.cast.site_a, [cleaned(1)])
    reader = Reader(ask)
    reader.catch_up()
    site = identity("site c")
    with field.app.app_context(), write() as session:
        add_site(session, site, "丙工地", "410703", COMPANY_A)
        add_flag(session, site, "flag c")
    put(field, site, [cleaned(3)])
    page = ask("brigade", changed_since=reader.cursor)
    assert ids(page) == [cleaned(3).id] and page["from_start"] == [site]


def test_after_a_backup_was_restored_every_site_starts_again(field: Field, ask: Ask) -> None:
    """What was seen before may not be in the backup: whoever reads forgets it first."""
    put(field, field.cast.site_a, [cleaned(1)])
    reader = Reader(ask)
    reader.catch_up()
    reader.held["lost"] = {"site": field.cast.site_a, "id": "lost"}
    with field.app.app_context(), write() as session:
        renew_epochs(session)
    assert reader.catch_up() == [cleaned(1).id]
    assert list(reader.held) == [cleaned(1).id]


def test_a_cursor_older_than_the_forgotten_tombstones_starts_again(field: Field, ask: Ask) -> None:
    put(field, field.cast.site_a, [cleaned(1)])
    reader = Reader(ask)
    reader.catch_up()
    put(field, field.cast.site_a, [cleaned(2), cleaned(3)])
    with field.app.app_context(), write() as session:
        session.execute(sa.update(Scope).where(Scope.scope_id == field.cast.site_a).values(floor_seq=2))
    assert set(reader.catch_up()) == {cleaned(1).id, cleaned(2).id, cleaned(3).id}


def test_changes_of_other_kinds_move_the_cursor_too(
    field: Field, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a kind that is rare is not searched for over and over from the beginning."""
    monkeypatch.setattr(record_changes, "SPAN", 3)
    monkeypatch.setattr(record_changes, "STATEMENTS", 2)
    others = [Put("window", identity(f"window {number}"), {"state": "open"}) for number in range(20)]
    put(field, field.cast.site_a, [*others, cleaned(1)])
    pages, cursor, found = 0, START, []
    while True:
        page = ask("brigade", kind="disinfection_log", changed_since=cursor)
        pages, found, cursor = pages + 1, found + ids(page), page["changed_since"]
        if not page["more"]:
            break
    assert found == [cleaned(1).id] and pages == 4


def test_a_snapshot_that_is_older_than_a_commit_leaves_it_for_the_next(field: Field, ask: Ask) -> None:
    with field.app.app_context(), read() as session:
        before = session.scalar(sa.select(Scope.seq).where(Scope.scope_id == field.cast.site_a))
        in_thread(lambda: put(field, field.cast.site_a, [cleaned(1)]))
        assert session.scalar(sa.select(Scope.seq).where(Scope.scope_id == field.cast.site_a)) == before


def in_thread(work: Any) -> Any:
    """What another process would do meanwhile: in a session of its own."""
    given: list[Any] = []
    thread = threading.Thread(target=lambda: given.append(work()))
    thread.start()
    thread.join(30)
    assert given, "it failed, or waits"
    return given[0]
