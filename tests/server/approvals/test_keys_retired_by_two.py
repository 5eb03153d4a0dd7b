"""An old sealing key is retired when a second administrator approves, and not while anything is sealed with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from server.app import create_app
from server.base.config import Config
from server.base.db import db, read
from server.base.seal import fresh_key
from server.models.key import known_keys
from server.workflows.scheduler import tick
from tests.server.office import Office, refusal_of
from tests.stories.field import WORKER, Field


@pytest.fixture
def rotated(office: Office, config: Config, tmp_path: Path) -> Iterator[Office]:
    """The same office after a change of key. A person is sealed with the old one."""
    tablet = Field(office.cast, tmp_path).tablet("t1")
    tablet.add(f"site:{office.cast.site_a}", "worker", WORKER)
    assert tablet.sync().ok
    old = (config.data_dir / "keys" / "secret_keys").read_text().strip()
    app = create_app(replace(config, secret_keys=f"k2:{fresh_key()},{old}"), office.cast.clock)
    yield Office(app, replace(office.cast, app=app))
    app.extensions["gongdi_pool"].shutdown()
    with app.app_context():
        db.engine.dispose()


def test_a_key_goes_when_two_agree_and_nothing_needs_it(rotated: Office) -> None:
    admin, deputy = rotated.seat("admin"), rotated.seat("deputy")
    assert "新数据用它" in admin.get("admin/keys")
    for name, code in (("k2", "key_in_use"), ("k9", "key_unknown"), ("\x00", "key_unknown")):
        answer = admin.send("admin/keys", name=name, reason="年度更换")
        assert refusal_of(answer) == code
    assert admin.send("admin/keys", name="k1", reason="年度更换").status_code == 303
    proposal = admin.get("proposals").partition('href="/console/proposals/')[2].partition('"')[0]
    page = f"proposals/{proposal}"
    needed = deputy.send(page, f"{page}/decide", verdict="approve")
    assert (needed.status_code, refusal_of(needed)) == (409, "key_needed")
    assert "待批准" in deputy.get(page)
    tick(rotated.app, rotated.cast.clock.now_ms())
    assert deputy.send(page, f"{page}/decide", verdict="approve").status_code == 303
    with rotated.app.app_context(), read() as session:
        assert known_keys(session)["sealing:k1"].retired_ms is not None
    assert "停用</td>" in admin.get("admin/keys")
    assert admin.send("admin/keys", name="k1", reason="年度更换").status_code == 404


def test_keys_are_for_administrators_alone(office: Office) -> None:
    office.seat("section").get("admin/keys", 404)
    assert office.seat("section").send("password", "admin/keys", name="k1").status_code == 404
