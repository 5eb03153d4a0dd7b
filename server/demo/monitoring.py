"""Cameras of the demo city: one platform that reports, with a camera that has been offline for hours; and one that has been
silent since its first morning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from flask import Flask
from sqlalchemy.orm import Session

from server.actions.cameras.edit_cameras import NewCamera, add_camera
from server.actions.cameras.edit_platforms import NewPlatform, add_platform, open_platform
from server.actions.cameras.take_reports import take_events, take_states
from server.actions.reference.load_reference import tx_of
from server.base.db import write
from server.base.runtime import Runtime
from server.demo.incidents import Happening
from server.models.tx import Tx
from server.rules.calendar import HOUR_MS, MINUTE_MS, add_days, instant_ms
from server.rules.camera_adapters import Event
from server.rules.cameras import OFFLINE, ONLINE

CITY, QUIET = "市智慧工地平台 (演示)", "区监控平台 (演示)"
_GATE, _WALL, _YARD = "41070200001320000001", "41070200001320000002", "41070200001320000003"
_QUIET_CODE = "4107030000132000{:04}"  # of the site of this number
_OFFLINE_MS = 5 * HOUR_MS  # before the end
_LEAD_MS = 2 * HOUR_MS
_REPORTS_MS = 10 * MINUTE_MS  # between two


def quiet_platform(app: Flask, site_ids: Sequence[str], date: str) -> Iterator[Happening]:
    """What happens, and when: these sites have a camera each, whose platform reports once."""
    codes = {_QUIET_CODE.format(number + 1): site_id for number, site_id in enumerate(site_ids)}
    yield instant_ms(date, "05:40"), partial(_add_quiet, app, codes)
    for code, site_id in codes.items():
        yield instant_ms(date, "06:00"), partial(_report, app, QUIET, site_id, {code: ONLINE})


def monitoring(app: Flask, shown: str, first_day: str, until_ms: int) -> Iterator[Happening]:
    """What happens, and when, at the site that has three cameras."""
    yield instant_ms(first_day, "05:40"), partial(_add, app, shown)
    offline_ms = until_ms - _OFFLINE_MS
    for at_ms in range(instant_ms(add_days(first_day, 1), "00:00"), until_ms, _REPORTS_MS):
        states = {_GATE: ONLINE, _YARD: ONLINE, _WALL: OFFLINE if at_ms >= offline_ms else ONLINE}
        yield at_ms, partial(_report, app, CITY, shown, states)
    if until_ms - _LEAD_MS > instant_ms(first_day, "06:00"):
        yield until_ms - _LEAD_MS, partial(_lead, app, shown)


def _tx(app: Flask, session: Session) -> Tx:
    runtime: Runtime = app.extensions["gongdi"]
    return tx_of(session, runtime.seals, runtime.clock.now_ms())


def _add_quiet(app: Flask, codes: Mapping[str, str]) -> None:
    with write() as session:
        add_platform(_tx(app, session), NewPlatform(QUIET, "webhook"))
    for code, site_id in codes.items():
        with write() as session:  # a site a transaction, as everybody locks them
            add_camera(_tx(app, session), NewCamera(code, "大门枪机", site_id, "", QUIET))


def _add(app: Flask, shown: str) -> None:
    with write() as session:
        tx = _tx(app, session)
        add_platform(tx, NewPlatform(CITY, "webhook"))
        add_camera(tx, NewCamera(_GATE, "大门球机", shown, "南门", CITY))
        add_camera(tx, NewCamera(_WALL, "围墙枪机", shown, "", CITY))
        add_camera(tx, NewCamera(_YARD, "加工区球机", shown, "", CITY))


def _report(app: Flask, named: str, site_id: str, states: dict[str, str]) -> None:
    with write() as session:
        tx, platform = _tx(app, session), open_platform(session, named)
        take_states(tx, platform, site_id, states)
        platform.heard_ms = tx.now_ms


def _lead(app: Flask, site_id: str) -> None:
    with write() as session:
        event = Event(_GATE, "no_helmet", "", "平台识别: 未戴安全帽 1 人")
        take_events(_tx(app, session), open_platform(session, CITY), site_id, [event])
