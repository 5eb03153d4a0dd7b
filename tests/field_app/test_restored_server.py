"""A server that came back from an older backup, and the tablet that makes it whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from server.base.db import read, write
from server.models import Media
from server.models.scope import renew_epochs
from tests.axe import serious_findings
from tests.field_app.conftest import bodies, elsewhere
from tests.field_app.inspector import Inspector
from tests.field_app.test_photos import arrived, disinfect, photo

__all__ = ["photo"]

BackUp = Callable[[], Callable[[], None]]


@pytest.fixture
def back_up(inspector: Inspector, database_url: str, tmp_path: Path) -> BackUp:
    """Takes a backup, and gives what restores it, as `gongdi db restored` says."""
    file = database_url.removeprefix("sqlite:///")

    def take() -> Callable[[], None]:
        _copy(file, tmp_path / "backup")
        return restore

    def restore() -> None:
        _copy(tmp_path / "backup", file)
        with inspector.field.app.app_context(), write() as session:
            renew_epochs(session)

    return take


def test_a_tablet_brings_back_what_the_backup_lacks(
    inspector: Inspector, workers: dict[str, str], back_up: BackUp, photo: Path
) -> None:
    inspector.enrol()
    inspector.measure("张三", "365")
    inspector.sync()
    restore = back_up()
    inspector.measure("曾小贤", "364")
    disinfect(inspector, photo)
    inspector.sync()
    inspector.expect_unsent(0)
    assert len(arrived(inspector)) == 1
    restore()
    assert arrived(inspector) == []
    inspector.sync()  # the holes show, and go back to waiting
    inspector.sync()
    inspector.expect_unsent(0)
    checks = elsewhere(inspector.field, "temperature_check")
    assert bodies(checks, "celsius") == [(36.4,), (36.5,)]
    assert len(arrived(inspector)) == 1


def test_a_tablet_that_the_backup_does_not_know_joins_again_with_everything_it_holds(
    inspector: Inspector, workers: dict[str, str], back_up: BackUp, photo: Path
) -> None:
    restore = back_up()
    page = inspector.enrol()
    inspector.measure("张三", "365")
    disinfect(inspector, photo)
    inspector.sync()
    inspector.expect_unsent(0)
    restore()
    inspector.measure("曾小贤", "364")
    inspector.sync()
    expect(page.get_by_role("alert")).to_contain_text("服务器不认识这台设备")
    inspector.expect_unsent(1)
    assert serious_findings(page) == []
    page.get_by_label("注册码").fill(inspector.field.code("inspector"))
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("heading", name="今日")).to_be_visible()
    inspector.expect_unsent(0)
    checks = elsewhere(inspector.field, "temperature_check")
    assert bodies(checks, "celsius", "worker") == [(36.4, workers["曾小贤"]), (36.5, workers["张三"])]
    assert len(elsewhere(inspector.field, "disinfection_log")) == 1
    with inspector.field.app.app_context(), read() as session:
        assert session.query(Media).count() == 1
    inspector.measure("张三", "366")  # and the chain goes on
    inspector.sync()
    inspector.expect_unsent(0)


def _copy(source: str | Path, target: str | Path) -> None:
    with sqlite3.connect(source) as old, sqlite3.connect(target) as new:
        old.backup(new)
    old.close()
    new.close()
