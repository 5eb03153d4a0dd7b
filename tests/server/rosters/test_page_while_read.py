"""A roster's page is one read: whatever happens to the file meanwhile, the page shows one state that existed."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from server.base.db import db
from server.console.pages import COOKIE
from server.workflows.read_rosters import read_roster
from tests.server.cast import Caller, Cast
from tests.server.rosters.people import TITLES, person
from tests.stories.rosters.uploads import Later, people_file, upload, xlsx

ASKED = xlsx([person(1).cells()], ["工人大名", *TITLES[1:]])


def _browser(desk: Cast) -> FlaskClient:
    client = desk.app.test_client()
    client.set_cookie(COOKIE, desk.client("contractor").token, path="/console")
    return client


@pytest.mark.parametrize("data", [ASKED, people_file(person(1))], ids=["to questions", "to a preview"])
def test_a_file_that_is_read_while_its_page_is_made_is_not_said_to_be_deleted(
    desk: Cast, contractor: Caller, data: bytes
) -> None:
    desk.app.extensions["gongdi_pool"] = Later()
    roster = upload(contractor, desk.site_a, data).headers["Location"].rpartition("/")[2]
    browser, read_already = _browser(desk), []

    def read_meanwhile(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "FROM roster " in statement.replace("\n", " ") and not read_already:
            read_already.append(roster)
            with desk.app.app_context():
                read_roster(desk.app.extensions["gongdi"].seals, roster, desk.clock.now_ms())

    with desk.app.app_context():
        engine = db.engine
    sa.event.listen(engine, "after_cursor_execute", read_meanwhile)
    try:
        page = browser.get(f"/console/rosters/{roster}").text
    finally:
        sa.event.remove(engine, "after_cursor_execute", read_meanwhile)
    assert read_already == [roster]
    assert "已按规定删除" not in page
    assert "正在读取" in page
    assert "正在读取" not in browser.get(f"/console/rosters/{roster}").text
