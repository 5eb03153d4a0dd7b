"""Forms and duties of weeks, documents and events, published at a site with two dormitories; tablets that write for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from schemas.forms.tables import tables_from_json
from server.actions.audit.rebuild import check_scope
from server.actions.forms.publish_form import publish_form
from server.actions.reference.load_reference import tx_of
from server.base.db import read, write
from server.models import Flag, Site, Window
from server.rules.calendar import instant_ms
from server.workflows.scheduler import tick
from sync_protocol.client.tablet import Tablet
from tests.server.cast import Cast, set_places
from tests.stages import reach, reach_reference
from tests.stories.field import Field

SUNDAY, MONDAY, NEXT_MONDAY = "2026-11-22", "2026-11-23", "2026-11-30"
LABEL = "label::中文 (zh)"
PLACE = {
    **{"type": "select_one_from_file places.csv", "name": "place_id", LABEL: "宿舍", "required": "yes"},
    **{"choice_filter": "kind = 'dormitory'", "bind::gongdi:role": "place"},
}
COUNT = [
    PLACE,
    {
        "type": "integer",
        "name": "persons",
        LABEL: "居住人数",
        "required": "yes",
        "bind::gongdi:role": "amount",
    },
    {"type": "decimal", "name": "area", LABEL: "净面积"},
    {"type": "calculate", "name": "each", LABEL: "人均面积", "calculation": "${area} div ${persons}"},
]
DORM = {
    **{"code": "DORMS", "name": "宿舍人数", "judging": "state", "every": "weeks 1", "places": "dormitory"},
    **{"holds": "${persons} <= 6", "valid_days": "7", "severity": "facilities"},
}


def sheets(
    code: str, survey: list[dict[str, Any]], *duties: Mapping[str, Any], **head: str
) -> dict[str, Any]:
    """A workbook's tables: a form, and the duties that ask for it."""
    settings = {"form_title": head.pop("title", code), "form_id": code, "version": head.pop("version", "1")}
    about = {"from": "2026-11-01", "mark": "P", "source": "测试", "nature": "fact", "sealed": "no"}
    given = {
        "survey": survey,
        "settings": [{**settings, "default_language": "中文 (zh)", "namespaces": _NAMESPACES}],
        "gongdi": [{**about, "site_kinds": "construction", **head}],
    }
    return {**given, "duties": [dict(duty) for duty in duties]} if duties else given


_NAMESPACES = 'gongdi="https://gongdi.example/xlsform"'


@dataclass
class Asked:
    """The field, and the ids of two dormitories."""

    field: Field
    one: str
    two: str

    @property
    def scope(self) -> str:
        return self.field.scope

    def now(self, time: str, date: str) -> None:
        self.field.cast.clock.set(instant_ms(date, time))

    def tick(self, time: str, date: str) -> None:
        self.now(time, date)
        tick(self.field.app, self.field.cast.clock.now_ms())

    def publish(self, given: dict[str, Any]) -> None:
        """Publish a form and its duties now, and plan."""
        seals, now_ms = self.field.app.extensions["gongdi"].seals, self.field.cast.clock.now_ms()
        with self.field.app.app_context(), write() as session:
            publish_form(tx_of(session, seals, now_ms), tables_from_json(given))
        tick(self.field.app, now_ms)

    def report(self, tablet: Tablet, time: str, date: str) -> None:
        """The tablet syncs then, and a minute later the scheduler judges."""
        self.now(time, date)
        assert tablet.sync().ok and tablet.refused() == []
        self.field.cast.clock.advance(60_000)
        tick(self.field.app, self.field.cast.clock.now_ms())

    def windows(self, duty: str) -> list[Window]:
        """The windows of a duty, the first one first."""
        with self.field.app.app_context(), read() as session:
            query = sa.select(Window).where(Window.duty == duty).order_by(Window.opens_ms, Window.place_id)
            return list(session.scalars(query))

    def state(self, duty: str, date: str = MONDAY, place: str | None = None) -> tuple[str, str | None]:
        """State and reason of the duty's window that begins on that date, at the first dormitory or elsewhere."""
        found = [
            (window.state, window.reason)
            for window in self.windows(duty)
            if window.local_date == date and window.place_id in (None, place or self.one)
        ]
        (one,) = found
        return one

    def flags(self, duty: str) -> list[str]:
        """The states of the duty's flags."""
        with self.field.app.app_context(), read() as session:
            return list(session.scalars(sa.select(Flag.state).where(Flag.duty == duty)))

    def differences(self) -> list[str]:
        """What `rebuild --check` finds."""
        seals = self.field.app.extensions["gongdi"].seals
        with self.field.app.app_context(), read() as session:
            found = check_scope(session, seals, self.field.cast.site_a)
            return [f"{one.what} {one.stored} {one.rebuilt}" for one in found]


def asked_site(app: Flask, cast: Cast, folder: Path, *published: dict[str, Any]) -> Asked:
    """Site A has two dormitories and these forms with their duties, since Sunday; site B is done."""
    cast.clock.set(instant_ms(SUNDAY, "09:00"))
    reach_reference(app)
    asked = Asked(Field(cast, folder), *reach(app, "two dormitories", lambda: _two_dormitories(app, cast)))
    for given in published:
        reach(app, json.dumps(given), partial(asked.publish, given))
    return asked


def _two_dormitories(app: Flask, cast: Cast) -> tuple[str, str]:
    with app.app_context(), write() as session:
        one, two = set_places(session, cast.site_a, ("dormitory", "一号楼"), ("dormitory", "二号楼"))
        session.get_one(Site, cast.site_b).stage = "completed"
        session.get_one(Site, cast.site_a).made_ms = cast.clock.now_ms()
    return one, two
