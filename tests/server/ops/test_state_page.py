"""运行状况: an administrator sees without a shell what a monitor sees, and how old the newest backup is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from server.base.db import write
from server.models import Channel, Heartbeat, Quarantine
from server.web import readiness
from tests.server.cast import Cast, identity
from tests.server.web.test_console import log_in
from tests.stages import reach_reference


def page(app: Flask, name: str = "admin") -> str:
    client = app.test_client()
    log_in(client, name)
    answer = client.get("/console/admin/state")
    assert answer.status_code == (200 if name == "admin" else 404)
    return re.sub(r"<[^>]+>", " ", answer.text)


def said(text: str, name: str) -> str:
    found = re.search(rf"\s{name}\s+(正常|注意|异常)", text)
    assert found is not None, name
    return found[1]


def test_each_check_is_said_in_words_with_what_to_do(app: Flask, cast: Cast) -> None:
    reach_reference(app)
    text = page(app)
    assert said(text, "数据库") == said(text, "密钥") == "正常"
    assert said(text, "定时任务") == "异常" and "请启动 gongdi scheduler" in text
    with app.app_context(), write() as session:
        session.add(Heartbeat(name="one", at_ms=cast.clock.now_ms(), took_ms=1, did={}))
    assert said(page(app), "定时任务") == "正常"


def test_a_disk_that_fills_is_seen(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    reach_reference(app)
    monkeypatch.setattr(readiness, "least_free_bytes", lambda _: 0)
    assert said(page(app), "磁盘") == "异常"


def test_a_server_without_backups_says_so(app: Flask, cast: Cast) -> None:
    reach_reference(app)
    assert "没有自动备份" in page(app)


def test_what_is_kept_how_long_stands_there_with_its_source(app: Flask, cast: Cast) -> None:
    reach_reference(app)
    text = page(app)
    assert re.search(r"健康数据保留期[^\n]*\s+180 天", text) and re.search(
        r"操作记录保留期[^\n]*\s+1095 天", text
    )
    assert "网络安全法 第21条" in text


def test_channels_by_which_nothing_goes_are_counted(app: Flask, cast: Cast, tmp_path: Path) -> None:
    reach_reference(app)
    with app.app_context(), write() as session:
        for number, failed_ms in enumerate((None, 5, 6)):
            row = {"user_id": cast.users["section"], "kind": "mail", "address": b"", "made_ms": 1}
            channel_id = f"01980a1e-0000-7000-8000-00000000000{number}"
            session.add(Channel(id=channel_id, **row, failed_ms=failed_ms))
    assert re.search(r"mail\s+3\s+2", page(app))


def test_where_refused_lines_wait_and_since_when(app: Flask, cast: Cast) -> None:
    reach_reference(app)
    assert re.search(r"退回待核对.*\s+没有。", page(app))
    with app.app_context(), write() as session:
        for scope_id, number, state in (
            (cast.site_a, 1, "open"),
            (cast.site_a, 2, "open"),
            (cast.site_b, 3, "mended"),
        ):
            row = {
                "device_id": identity("d"),
                "raw": b"",
                "code": "x",
                "errors": {},
                "at_ms": cast.clock.now_ms(),
            }
            session.add(Quarantine(scope_id=scope_id, id=identity(f"line {number}"), state=state, **row))
    assert re.search(r"牧野花园\s+2\s+2026-11-23", page(app)) and "凤泉新城" not in page(app)


@pytest.mark.parametrize("name", ["section", "brigade", "contractor", "inspector"])
def test_only_administrators_see_it(app: Flask, cast: Cast, name: str) -> None:
    reach_reference(app)
    page(app, name)
