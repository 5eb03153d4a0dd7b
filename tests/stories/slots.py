"""What stories about time ask of a planned site: windows by slot, ticks at local times."""

from __future__ import annotations

import sqlalchemy as sa

from server.base.db import read
from server.models import Window
from tests.stories.field import Field
from tests.stories.flags.cast import DAY

LOG = {"place": "canteen", "agent": "chlorine", "operator": "王师傅"}


def windows(field: Field, duty: str = "DISINFECT", local_date: str = DAY) -> dict[str, Window]:
    """The windows of a duty on a date, by slot."""
    with field.app.app_context(), read() as session:
        query = sa.select(Window).where(Window.duty == duty, Window.local_date == local_date)
        return {window.slot: window for window in session.scalars(query)}


def standing(field: Field, slot: str = "morning", duty: str = "DISINFECT") -> tuple[str, str | None]:
    """State and reason of one window."""
    window = windows(field, duty)[slot]
    return window.state, window.reason
