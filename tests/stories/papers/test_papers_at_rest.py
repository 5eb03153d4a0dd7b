"""What papers say and how they were served is sealed in the database, also what an older version kept unsealed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from flask import Flask

from server.actions.papers.sealed_words import draft_of, facts_of, said_of
from server.app import create_app
from server.base.clock import FakeClock
from server.base.config import Config
from server.base.db import db, read
from server.base.migrate import _unenforced, alembic_config
from server.base.seal import is_sealed
from server.models import Paper, PaperService
from server.rules.calendar import instant_ms
from server.workflows.upgrade import upgrade_database
from tests.server.cast import Cast
from tests.stories.flags.cast import DAY, moved
from tests.stories.papers.office import ORDER, RECORD, SERVICE, Desk, answered_field

BEFORE = "0034"
PAPER_ID, SITE_ID = "01a22b33-c76b-73ab-9cf0-16d3d834c701", "01a22b33-c76b-73ab-9cf0-16d3d834c702"
DRAFT = {"fields": {"present": "王芳"}, "officers": ["sun"], "basis": "", "photos": []}
FACTS = {"title": "现场检查笔录", "number": "", "blocks": []}
SAID = {"receiver": "王芳", "servers": "孙丽、周强"}


def test_nobody_is_named_in_the_tables_of_papers(app: Flask, cast: Cast, tmp_path: Path) -> None:
    field, flag = answered_field(app, cast, tmp_path)
    desk, clock = Desk(field, "section"), field.cast.clock
    clock.set(instant_ms(DAY, "14:00"))
    assert desk.sign(desk.draft(flag, "inspection_record", **RECORD)).status_code == 303
    moved(field.cast.client("section"), flag, "order_rectification", note="换装线路")
    order = desk.draft(flag, "order", **ORDER, party_head="李建国")
    assert desk.sign(order).status_code == 303
    clock.set(instant_ms(DAY, "15:30"))
    assert desk.serve(order, **SERVICE).status_code == 303
    assert desk.get(f"/papers/{order}/paper.pdf").status_code == 200
    with app.app_context(), read() as session:
        values = [
            bytes(value)
            for column in (Paper.draft, Paper.facts, PaperService.said)
            for value in session.scalars(sa.select(column))
            if value is not None
        ]
        plain = json.dumps([list(map(str, row)) for row in session.execute(sa.text("SELECT * FROM paper"))])
    assert len(values) == 5 and all(is_sealed(value) for value in values)
    for name in ("李建国", "孙丽", "王芳"):
        assert json.dumps(name)[1:-1] not in plain and name not in plain
    assert "李建国" in desk.text(f"/papers/{order}/paper.pdf"), "and the paper says it"


@pytest.fixture
def old_url(blank_database_url: str) -> str:
    """A database in which an older version kept one paper and its service unsealed."""
    engine = sa.create_engine(Config.from_env({"GONGDI_DATABASE_URL": blank_database_url}).database_url)
    signed_ms = instant_ms(DAY, "14:00")
    paper = {"id": PAPER_ID, "scope_id": SITE_ID, "flag_id": SITE_ID, "made_by": SITE_ID}
    paper |= {"kind": "inspection_record", "state": "signed", "number": "", "void_reason": ""}
    paper |= {
        "draft": json.dumps(DRAFT),
        "facts": json.dumps(FACTS),
        "made_ms": signed_ms,
        "signed_ms": signed_ms,
    }
    service = {"paper_id": PAPER_ID, "n": 1, "way": "direct", "at_ms": signed_ms, "said": json.dumps(SAID)}
    service |= {"review_until": "", "suit_until": "", "recorded_ms": signed_ms, "recorded_by": SITE_ID}
    with engine.connect() as connection, _unenforced(connection), connection.begin():
        command.upgrade(alembic_config(connection), BEFORE)
        for table, row in (("paper", paper), ("paper_service", service)):
            names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
            connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), row)
    engine.dispose()
    return blank_database_url


def test_an_upgrade_seals_the_papers_of_an_older_version(old_url: str, tmp_path: Path) -> None:
    config = Config.from_env({"GONGDI_DATABASE_URL": old_url, "GONGDI_DATA_DIR": str(tmp_path)})
    app = create_app(config, FakeClock(instant_ms(DAY, "18:00")))
    seals = app.extensions["gongdi"].seals
    with app.app_context():
        upgrade_database(seals, instant_ms(DAY, "18:00"))
        with read() as session:
            (paper,) = session.scalars(sa.select(Paper))
            (service,) = session.scalars(sa.select(PaperService))
            assert paper.facts is not None
            assert all(is_sealed(bytes(value)) for value in (paper.draft, paper.facts, service.said))
            assert paper.title == "现场检查笔录"
            assert draft_of(seals, paper) == DRAFT and facts_of(seals, paper) == FACTS
            assert said_of(seals, service) == SAID
        db.engine.dispose()
