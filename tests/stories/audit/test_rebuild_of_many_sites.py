"""To compare every site with its log makes the tables of the empty database once."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.audit.rebuild import check_scope
from server.base.db import read
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.wire import LOG


@pytest.fixture
def field(cast: Cast, tmp_path: Path) -> Field:
    made = Field(cast, tmp_path)
    tablet = made.tablet("tablet")
    tablet.add(made.scope, "disinfection_log", LOG)
    assert tablet.sync().ok
    return made


def test_tables_are_made_once_and_each_site_begins_with_none_of_anothers_rows(
    app: Flask, field: Field
) -> None:
    made: list[str] = []

    def sent(_c: object, _cursor: object, text: str, *_: object) -> None:
        made.extend([text] if "CREATE TABLE" in text else [])

    sites = (field.cast.site_a, field.cast.site_b, field.cast.site_a)
    with app.app_context(), read() as session:
        assert list(check_scope(session, app.extensions["gongdi"].seals, field.cast.site_a)) == []
        sa.event.listen(sa.Engine, "before_cursor_execute", sent)
        try:
            for site in sites:
                assert list(check_scope(session, app.extensions["gongdi"].seals, site)) == []
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", sent)
    assert made == []
