"""Site A with a canteen and two dormitories, planned for a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from server.actions.audit.rebuild import check_scope
from server.actions.reference.load_reference import tx_of
from server.actions.sites.edit_places import Editing, add_place, close_place, rename_place
from server.base.db import read, write
from server.models import Record, Window
from server.rules.calendar import instant_ms
from sync_protocol.client.tablet import Tablet
from tests.server.cast import Cast, set_places
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, at, planned_field
from tests.stories.wire import WireDevice

AGENT = {"agent": "chlorine", "operator": "王师傅"}


@dataclass
class Dormitories:
    """The field, and the ids of 一号楼 and 二号楼."""

    field: Field
    one: str
    two: str

    def log(self, tablet: Tablet, **place: str) -> str:
        """What the tablet writes of a disinfection. Without `place_id` it is an older app's."""
        return tablet.add(self.field.scope, "disinfection_log", {"place": "dormitory", **place, **AGENT})

    def report(self, tablet: Tablet, time: str = "12:40") -> None:
        """The tablet syncs past the morning's deadline, and the scheduler judges."""
        self.field.cast.clock.set(instant_ms(DAY, time))
        assert tablet.sync().ok
        at(self.field, f"{time[:4]}{int(time[4]) + 1}")

    def windows(
        self, slot: str = "morning", place: str = "dormitory"
    ) -> dict[str | None, tuple[str, str | None]]:
        """State and reason of each window of the slot, by the id of its place."""
        with self.field.app.app_context(), read() as session:
            asked = (Window.duty == "DISINFECT", Window.local_date == DAY, Window.slot == slot)
            rows = session.scalars(sa.select(Window).where(*asked, Window.place == place))
            return {row.place_id: (row.state, row.reason) for row in rows}

    def record(self, entry: str) -> Record:
        with self.field.app.app_context(), read() as session:
            return session.get_one(Record, (self.field.cast.site_a, entry))

    def edit(self, what: str, *given: Any, **named: Any) -> str:
        """An administrator adds, renames or closes a place now. Gives its id."""
        seals, now_ms = self.field.app.extensions["gongdi"].seals, self.field.cast.clock.now_ms()
        act = {"add": add_place, "rename": rename_place, "close": close_place}[what]
        with self.field.app.app_context(), write() as session:
            editing = Editing(tx_of(session, seals, now_ms), self.field.cast.site_a)
            return str(act(editing, *given, **named).id)

    def differences(self) -> list[str]:
        """What `rebuild --check` finds."""
        seals = self.field.app.extensions["gongdi"].seals
        with self.field.app.app_context(), read() as session:
            return [
                f"{one.what} {one.stored} {one.rebuilt}"
                for one in check_scope(session, seals, self.field.cast.site_a)
            ]


def dormitories(app: Flask, cast: Cast, folder: Path) -> Dormitories:
    with app.app_context(), write() as session:
        _, one, two = set_places(
            session, cast.site_a, ("canteen", "食堂"), ("dormitory", "一号楼"), ("dormitory", "二号楼")
        )
    return Dormitories(planned_field(app, cast, folder), one, two)


def header(device: WireDevice) -> bytes:
    """The header of a client of 2026.2."""
    return device.header().replace(b'"2026.1"', b'"2026.2"')


def site_body(tablet: Tablet, site_id: str) -> Mapping[str, Any]:
    """The site as the tablet holds it."""
    (site,) = tablet.list("site", f"site:{site_id}")
    return site.body
