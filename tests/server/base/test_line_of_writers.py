"""Whoever wants to write to a SQLite database gets its lock next, however busy others are."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.base import line as line_module
from server.base.db import read, write, write_in_turn
from server.base.line import in_line
from server.models.user import Tally
from server.workflows import scheduler
from server.workflows.scheduler import resume_and_tick
from tests.server.planning import MIDNIGHT_MS, new_site

HELD_S = 0.005


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'gongdi.sqlite3')}"


def _is_free(folder: Path) -> bool:
    other = os.open(folder, os.O_RDONLY)
    try:
        flock(other, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(other)
    return True


@contextmanager
def _busy(app: Flask) -> Iterator[list[int]]:
    """Background work without any pause; gives the transactions that were made so far."""
    done: list[int] = []
    stopping = threading.Event()

    def work() -> None:
        with app.app_context():
            while not stopping.is_set():
                with write_in_turn() as session:
                    session.execute(sa.delete(Tally).where(Tally.key == "nobody"))
                    until_s = time.perf_counter() + HELD_S
                    while time.perf_counter() < until_s:
                        pass
                    done.append(len(done))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        while not done:
            stopping.wait(0.001)
        yield done
    finally:
        stopping.set()
        thread.join()


def test_who_waits_for_the_lock_has_it_after_the_transaction_under_way(app: Flask) -> None:
    waited = []
    with _busy(app) as done, app.app_context():
        for number in range(10):
            before = len(done)
            with write() as session:
                waited.append(len(done) - before)
                session.add(Tally(key=f"push {number}", since_ms=0, count=1))
    assert max(waited) <= 2, "the one under way, and one that stood before it in the line"


def test_background_work_goes_on_while_others_write_all_the_time(app: Flask) -> None:
    with _busy(app) as done, app.app_context():
        before, pushes = len(done), 0
        while len(done) - before < 5:
            with write() as session:
                session.add(Tally(key=f"push {pushes}", since_ms=0, count=1))
            pushes += 1
            assert pushes < 1000


def test_the_head_of_the_line_is_left_as_soon_as_the_lock_is_there(app: Flask, tmp_path: Path) -> None:
    with app.app_context(), write() as session:
        session.connection()
        assert _is_free(tmp_path)


def test_who_does_not_get_the_lock_leaves_the_line_too(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        with write() as session:
            session.execute(sa.text("PRAGMA busy_timeout = 1"))  # of the connection that comes next too
        other = sqlite3.connect(tmp_path / "gongdi.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sa.exc.OperationalError, match="locked"), write() as session:
            session.connection()
        assert _is_free(tmp_path)
        other.close()


def test_a_process_that_stops_at_the_head_of_the_line_stops_nobody_else(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_module, "LINE_S_MAX", 0.05)
    with in_line(str(tmp_path / "gongdi.sqlite3")), app.app_context(), write() as session:
        session.add(Tally(key="all the same", since_ms=0, count=1))


def test_a_process_that_dies_at_the_head_of_the_line_leaves_it(tmp_path: Path) -> None:
    there = multiprocessing.get_context("fork").Event()
    child = multiprocessing.get_context("fork").Process(target=_stand, args=(tmp_path, there))
    child.start()
    assert there.wait(30)
    assert not _is_free(tmp_path)
    child.kill()
    child.join()
    assert _is_free(tmp_path)


def _stand(folder: Path, there: threading.Event) -> None:
    with in_line(str(folder / "gongdi.sqlite3")):
        there.set()
        time.sleep(60)


def test_an_idle_tick_that_does_not_get_the_lock_tries_no_part(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_site(app)
    resume_and_tick(app, MIDNIGHT_MS)
    with app.app_context(), write() as session:
        session.execute(sa.text("PRAGMA busy_timeout = 1"))  # of the connection that comes next too
    tried: list[str] = []
    for name in scheduler.PARTS:
        monkeypatch.setitem(scheduler.PARTS, name, lambda _, name=name: (tried.append(name), {})[1])
    other = sqlite3.connect(tmp_path / "gongdi.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sa.exc.OperationalError, match="locked"):
        resume_and_tick(app, MIDNIGHT_MS + 1)
    other.close()
    assert tried == []


@pytest.mark.parametrize("database", [None, ":memory:", "no/such/folder/gongdi.sqlite3"])
def test_where_there_is_no_folder_nobody_stands(database: str | None) -> None:
    with in_line(database):
        pass


def test_readers_stand_in_no_line(app: Flask, tmp_path: Path) -> None:
    with in_line(str(tmp_path / "gongdi.sqlite3")), app.app_context(), read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Tally)) == 0
