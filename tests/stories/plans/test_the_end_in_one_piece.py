"""An epidemic ends, from the season's last day to the archives: duties and a pack end by dates, tablets hand over what they
hold and are retired, the site closes, its archive package is verified offline, health data is erased with a proof; and what
the pages and reports said of the past, they still say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.audit.rebuild import check_scope
from server.actions.plans.report_facts import report_facts
from server.actions.reference.load_reference import rules_in_force, tx_of
from server.actions.reference.name_codes import read_names
from server.actions.sites.edit_site import SiteChange, edit_site
from server.base.db import read, write
from server.files.verify_archive import verify_archive
from server.models import Device, Flag, Record, Report, Site, Window
from server.models.health import proofs_of
from server.rules.calendar import instant_ms
from server.rules.reports import period_of
from server.workflows.scheduler import tick
from tests.server.cast import Cast
from tests.stories.field import WORKER, Field
from tests.stories.flags.cast import act, missed_flag, planned_field
from tests.stories.forms.conftest import Run, run
from tests.stories.kinds.desk import at_the_console
from tests.stories.wire import LOG

__all__ = ["run"]
END, ERASED = "2026-11-26", "2027-05-25"
SOURCE = "乙类乙管"
READING = {"celsius": 36.5, "point": "gate", "slot": "before_work"}


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


def at(field: Field, day: str, time: str = "09:00") -> None:
    field.cast.clock.set(instant_ms(day, time))
    did = tick(field.app, field.cast.clock.now_ms())
    assert not any(part.get("failed") for part in did.values() if isinstance(part, dict)), did


def history(field: Field) -> Any:
    """Verdicts, the report of the season's week as it is counted now, and the reports that were kept."""
    with field.app.app_context(), read() as session:
        columns = (Window.id, Window.state, Window.reason, Window.need, Window.have)
        past = sa.select(*columns).where(Window.local_date < END, Window.state != "void")
        windows = [tuple(row) for row in session.execute(past.order_by(Window.id))]
        week = period_of("week", "2026-11-23")
        counted = report_facts(session, rules_in_force(session), read_names(session), "notice_2021", week)
        for task in counted["tasks"]:
            del task["closed"], task["live"], task["overdue"]  # flags go on being worked at
        kept = [(one.period, one.first_day, one.pdf) for one in session.scalars(sa.select(Report))]
        return windows, counted, kept


def counts_of_plan(page: str) -> list[str]:
    return re.findall(r"(?:按时|迟|失联|缺失)[^<]*\d+", page)


def test_from_the_last_day_to_the_archives(field: Field, run: Run, tmp_path: Path) -> None:
    cast, site = field.cast, field.cast.site_a
    tablet = field.tablet("of the site")
    worker = tablet.add(field.scope, "worker", WORKER)
    tablet.add(
        field.scope,
        "gate_pass",
        {"worker": worker, "direction": "in", "method": "manual", "health_code": "green"},
    )
    tablet.add(field.scope, "temperature_check", {"worker": worker, **READING})
    tablet.add(field.scope, "disinfection_log", LOG)
    flag = missed_flag(field, tablet)

    # The season ends: the pack by its dates, all other duties by theirs.
    assert run("pack", "load", "notice_2021").exit_code == 0
    off = run("pack", "switch", "notice_2021", "--off-from", END, "--source", SOURCE)
    assert off.exit_code == 0 and "停用" in off.output
    with field.app.app_context(), read() as session:
        codes = sorted({row["code"] for row in rules_in_force(session).rows["duties"]})
        device = session.scalars(sa.select(Device.id).where(Device.device_class == "tablet")).one()
    assert run("duty", "end", *codes, "--from", END, "--source", SOURCE).exit_code == 0

    # The tablet wrote something without a network; it is not retired before that is here.
    at(field, "2026-11-25", "20:00")
    tablet.add(field.scope, "disinfection_log", LOG)
    at(field, "2026-11-28")
    retire = ("device", "retire", device, "--by", "admin", "--reason", "防控结束")
    refused = run(*retire)
    assert refused.exit_code != 0 and "没有停用" in refused.output and "最近联系" in refused.output
    assert tablet.sync().ok
    before = len(_records(field))
    done = run(*retire)
    assert done.exit_code == 0 and "清除自己的数据" in done.output, done.output
    assert not tablet.sync().ok
    assert len(_records(field)) == before  # what was acknowledged is here

    # The reports of the week and the month are made and kept; then the site closes.
    at(field, "2026-12-08")
    with field.app.app_context(), write() as session:
        row = session.get_one(Site, site)
        named = {"name": row.name, "district": row.district, "unit": row.unit, "stage": "completed"}
        change = SiteChange(**named, inhabited=row.inhabited, address=row.address, position=None)
        edit_site(
            tx_of(session, field.app.extensions["gongdi"].seals, cast.clock.now_ms()), site, change, None
        )
    at(field, "2027-05-24")  # by now everybody knows that lost devices will not report any more
    past = history(field)
    assert any(state == "missed" for _, state, *_ in past[0]) and past[2]
    clerk = at_the_console(field, "section")
    shown = clerk.get("/console/plan/notice_2021.2.2.14").text
    assert "已停用" in shown

    # Half a year later health data is erased, with a proof: not before the flag that needs it is settled.
    at(field, ERASED)
    with field.app.app_context(), read() as session:
        assert proofs_of(session, site) == []
        open_flags = sa.select(Flag.id).where(Flag.closed_ms.is_(None), Flag.duty == "TEMP")
        (needs_it,) = session.scalars(open_flags)
    assert act(cast.client("section"), needs_it, "withdraw").status_code == 200
    at(field, ERASED, "10:00")
    with field.app.app_context(), read() as session:
        proofs = proofs_of(session, site)
        left = set(session.scalars(sa.select(Record.kind).where(Record.deleted_ms.is_(None))))
    assert [proof.classes for proof in proofs] == [{"gate_pass": 1, "temperature_check": 1}]
    assert left.isdisjoint({"gate_pass", "temperature_check"}) and "worker" in left
    assert "签名有效" in at_the_console(field, "section").get("/console/health-data").text

    # The archives get their package and verify it by themselves.
    out = tmp_path / "归档.zip"
    made = run("site", "archive", site, "--by", "section", "--reason", "移交档案室", "--out", str(out))
    assert made.exit_code == 0, made.output
    found = verify_archive(out)
    assert (found.faults, found.proofs) == ([], 1)
    assert run("archive", "verify", str(out)).exit_code == 0

    # The past is what it was, and everything can still be proved.
    assert history(field) == past
    assert counts_of_plan(
        at_the_console(field, "section").get("/console/plan/notice_2021.2.2.14").text
    ) == counts_of_plan(shown)
    assert run("verify-log").exit_code == 0
    with field.app.app_context(), read() as session:
        assert list(check_scope(session, field.app.extensions["gongdi"].seals, site)) == []
        assert session.scalars(sa.select(Flag).where(Flag.id == flag)).one().duty == "DISINFECT"


def _records(field: Field) -> list[str]:
    with field.app.app_context(), read() as session:
        live = sa.select(Record.id).where(Record.kind == "disinfection_log", Record.deleted_ms.is_(None))
        return list(session.scalars(live))


def test_a_lost_tablet_is_retired_anyway_and_what_it_holds_is_said(field: Field, run: Run) -> None:
    tablet = field.tablet("lost")
    assert tablet.sync().ok
    with field.app.app_context(), write() as session:
        device = session.scalars(sa.select(Device).where(Device.device_class == "tablet")).one()
        device.unsent, device_id = 3, device.id
    retire = ("device", "retire", device_id, "--by", "admin", "--reason", "丢失")
    refused = run(*retire)
    assert refused.exit_code != 0 and "未上传 3 条" in refused.output
    done = run(*retire, "--anyway")
    assert done.exit_code == 0 and "先上传 3 条" in done.output
    assert not tablet.sync().ok
