"""A workbook brings a duty that the server has already: its version begins tomorrow, and nothing is refused for that."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from schemas.forms.tables import tables_from_json
from server.actions.forms.publish_form import publish_form
from server.actions.reference.load_reference import tx_of
from server.base.db import read, write
from server.models import Reference
from server.rules.calendar import add_days, local_date_of
from tests.schemas.forms.cast import CLERKS, example
from tests.stories.field import Field


@pytest.mark.parametrize("code", CLERKS)
def test_a_clerks_workbook_publishes_where_the_server_ships_its_duty(field: Field, code: str) -> None:
    sheets = example(code)
    sheets["settings"][0]["form_id"] = f"{code}_2"
    for row in sheets.get("duties", []):
        row["evidence"] = f"{code}_2"
    seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
    with field.app.app_context(), write() as session:
        tx = tx_of(session, seals, now_ms)
        known = {row["code"] for noun in ("site_kinds", "place_kinds") for row in tx.book.rows[noun]}
        sheets["gongdi"][0]["site_kinds"] = "construction"
        if code != "pump_house_round" or "pump_house" in known:
            publish_form(tx, tables_from_json(sheets))
    asked = {"dormitory_count": "DORM", "ventilation_log": "VENTILATE"}.get(code)
    if asked is None:
        return
    with field.app.app_context(), read() as session:
        query = sa.select(Reference).where(Reference.noun == "duties", Reference.code == asked)
        first, second = session.scalars(query.order_by(Reference.valid_from)).all()
        assert first.valid_to == second.valid_from == add_days(local_date_of(now_ms), 1)
        assert second.data["evidence"] == f"{code}_2"
