"""How many people are on a site, on its page: as far as all devices have reported, and never more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.actions.reference.load_reference import rules_in_force
from server.actions.sites.head_count import HeadCount, head_count
from server.base.db import read
from server.rules.calendar import instant_ms
from sync_protocol.client.tablet import Tablet
from tests.server.cast import Cast
from tests.server.rosters.people import id_number
from tests.stories.field import WORKER, Field
from tests.stories.flags.cast import DAY, planned_field
from tests.stories.kinds.desk import at_the_console

GROUP = {"counting": "counted", "persons": 12}
IN = {"mask_worn": "yes", "health_code": "green", "refused": "no"}


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


def at(field: Field, time: str) -> None:
    field.cast.clock.set(instant_ms(DAY, time))


def people(field: Field, tablet: Tablet, count: int, **more: Any) -> list[str]:
    bodies = [{**WORKER, "certificate_number": id_number("41070219900307", n), **more} for n in range(count)]
    return [tablet.add(field.scope, "worker", body) for body in bodies]


def passes(field: Field, tablet: Tablet, worker: str, way: str, **more: Any) -> None:
    tablet.add(field.scope, "gate_pass", {"worker": worker, "direction": way, "method": "card", **more})


def counted(field: Field) -> HeadCount:
    seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
    with field.app.app_context(), read() as session:
        return head_count(session, seals, rules_in_force(session), field.cast.site_a, now_ms)


def page(field: Field) -> str:
    answer = at_the_console(field, "section").get(f"/console/sites/{field.cast.site_a}")
    assert answer.status_code == 200
    return answer.text.partition('id="heads"')[2].partition("未销号的标记")[0]


def test_workers_residents_and_visitors_are_counted_up_to_what_is_complete(field: Field) -> None:
    tablet = field.tablet("first")
    one, two, lives = people(field, tablet, 3)
    tablet.edit(field.scope, lives, {"dormitory": "3-201"})
    at(field, "07:00")
    passes(field, tablet, one, "in", mask_worn=True)
    passes(field, tablet, two, "in", mask_worn=False)
    passes(field, tablet, one, "in", mask_worn=True)  # twice by the card
    at(field, "08:10")
    tablet.add(field.scope, "visitor_pass", {**GROUP, **IN, "direction": "in"})
    tablet.add(
        field.scope,
        "visitor_pass",
        {**GROUP, **IN, "direction": "in", "refused": "yes", "refused_for": ["code"]},
    )
    passes(field, tablet, two, "out", refused_for="fever")
    truck = {"plate": "豫G12345", "disinfected": "yes", "celsius": 36.5, "refused": "no"}
    tablet.add(field.scope, "vehicle_pass", {**truck, "direction": "in"})
    turned_away = {**truck, "plate": "豫G54321", "refused": "yes", "refused_for": ["other"]}
    tablet.add(field.scope, "vehicle_pass", {**turned_away, "direction": "in"})
    at(field, "09:30")
    tablet.add(field.scope, "visitor_pass", {"counting": "counted", "persons": 2, "direction": "out"})
    passes(field, tablet, one, "out")
    at(field, "09:40")
    assert tablet.sync().ok
    heads = counted(field)
    assert heads.now is not None and (heads.now.workers, heads.now.visitors) == (2, 10)
    assert (heads.live_here, heads.masks) == (1, (2, 3))
    assert [one.workers for one in heads.hours] == [1] * 7 + [3, 3, 2]
    shown = page(field)
    assert "<strong>12</strong> 人" in shown and "工人 2, 来访 10" in shown and "<svg" in shown
    assert "车辆 1 辆" in shown and [one.vehicles for one in heads.hours] == [0] * 8 + [1, 1]
    assert "截至 2026-11-24 09:40" in shown and "尚未同步</span> 此后" not in shown


def test_what_one_tablet_has_is_no_count_while_another_has_not_reported(field: Field) -> None:
    tablet, away = field.tablet("first"), field.tablet("away")
    (one, *_) = people(field, tablet, 1)
    at(field, "06:00")
    assert away.sync().ok
    at(field, "07:00")
    passes(field, tablet, one, "in")
    at(field, "09:00")
    assert tablet.sync().ok
    heads = counted(field)
    assert heads.now is not None and heads.now.workers == 0
    assert (heads.early, list(heads.unknown)) == (1, [6, 7, 8, 9])
    shown = page(field)
    assert "尚未同步" in shown and "已收到 1 条, 不计入人数" in shown


def test_a_day_of_which_nothing_is_known_is_not_an_empty_site(field: Field) -> None:
    field.tablet("first")
    at(field, "07:00")
    heads = counted(field)
    assert heads.now is None and list(heads.unknown) == list(range(8))
    assert "今天的人数还不知道。不是没有人。" in page(field)


def test_where_nobody_reports_nothing_is_counted(field: Field) -> None:
    assert counted(field).until_ms is None
    assert "没有设备上报" in page(field)
