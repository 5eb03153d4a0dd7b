"""However many records there are, a page takes the same few statements, each served by an index."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from server.base.db import db, is_postgresql
from server.models import Record
from sync_protocol.client.tablet import Tablet
from tests.server.cast import NOW_MS, Cast
from tests.stories.field import Field
from tests.stories.records.conftest import CLEANED, Ask, put
from tests.stories.records.test_pages_of_records import cleaned
from tests.stories.sync.test_few_statements import counted

MANY = 20_000
LOG = "disinfection_log"


@pytest.fixture
def many(field: Field) -> Field:
    """A site with so many records that a plan without an index is the dearer one."""
    puts = [cleaned(number, NOW_MS - number * 1000) for number in range(MANY)]
    put(field, field.cast.site_a, puts)
    put(field, field.cast.site_b, puts[: MANY // 10])
    with field.app.app_context(), db.engine.begin() as connection:
        connection.execute(sa.text("ANALYZE"))
    return field


def statements(cast: Cast, monkeypatch: pytest.MonkeyPatch, ask: Ask, **asked: Any) -> list[str]:
    ask(limit=1, **asked)  # a first time, so that what the process remembers is there
    with counted(cast, monkeypatch) as found:
        assert ask(limit=100, **asked)["items"]
    return found.statements


def plan_of(text: str, field: Field, parameters: Any) -> str:
    """How the database would answer a statement that it was sent."""
    with field.app.app_context(), db.engine.connect() as connection:
        explain = "EXPLAIN " if is_postgresql(db.session()) else "EXPLAIN QUERY PLAN "
        rows = connection.exec_driver_sql(explain + text, parameters).all()
    return "\n".join(str(row[-1]) for row in rows)


@pytest.mark.parametrize(
    "asked",
    [{"kind": LOG}, {}, {"kind": LOG, "day": "2026-11-23"}, {"changed_since": "0"}],
    ids=["kind", "all", "day", "feed"],
)
def test_a_page_of_100_takes_as_many_statements_as_one_of_1(
    field: Field, tablet: Tablet, ask: Ask, monkeypatch: pytest.MonkeyPatch, asked: dict[str, str]
) -> None:
    """Wherever their bodies are kept."""
    put(field, field.cast.site_a, [cleaned(1)])
    tablet.add(field.scope, LOG, CLEANED)
    assert tablet.sync().ok
    few = len(statements(field.cast, monkeypatch, ask, **asked))
    put(field, field.cast.site_a, [cleaned(number, NOW_MS - number) for number in range(2, 300)])
    for _ in range(40):
        tablet.add(field.scope, LOG, CLEANED)
    assert tablet.sync().ok and tablet.refused() == []
    assert len(statements(field.cast, monkeypatch, ask, **asked)) == few <= 12


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ({"kind": LOG}, "ix_record_event"),
        ({"kind": LOG, "cursor": "next"}, "ix_record_event"),
        ({"kind": LOG, "day": "2026-11-23"}, "ix_record_event"),
        ({"kind": LOG, "voided": "hidden"}, "ix_record_event"),
        ({"changed_since": "0"}, "ix_record_seq"),
    ],
    ids=["latest", "further", "day", "in-force", "feed"],
)
def test_the_records_of_a_page_are_found_by_an_index(
    many: Field, ask: Ask, asked: dict[str, str], index: str
) -> None:
    if "cursor" in asked:
        first = ask(kind=LOG, site=many.cast.site_a, limit=100)
        asked = {**asked, "cursor": first["next"]}
    sent: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, text: str, parameters: Any, _context: Any, _many: bool) -> None:
        sent.append((text, parameters))

    with many.app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    ask(limit=100, site=many.cast.site_a, **asked)
    sa.event.remove(engine, "before_cursor_execute", note)
    ((text, parameters),) = [one for one in sent if "record.body" in one[0]]
    plan = plan_of(text, many, parameters)
    assert index in plan, plan
    assert "Seq Scan on record" not in plan and "SCAN record" not in plan, plan


def test_a_page_reads_no_more_records_than_it_shows(many: Field, ask: Ask, tablet: Tablet) -> None:
    with many.app.app_context(), db.engine.connect() as connection:
        total = connection.scalar(sa.select(sa.func.count()).select_from(Record))
    assert total is not None and total > MANY
    page = ask(kind=LOG, site=many.cast.site_a, limit=100)
    assert len(page["items"]) == 100 and page["next"]
