"""The whole notice is loaded on a running server that has building sites; then one day of each kind of site passes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from schemas.forms.definition import Form
from schemas.forms.shipped import shipped_codes
from server.actions.reference.load_reference import rules_in_force
from server.actions.sites.assign_site import assign_site
from server.actions.sites.register_site import NewSite, register_site
from server.base.db import read, write
from server.files.pack_files import read_pack
from server.models import Site, User, Window
from server.models.scope import scope_name
from server.rules.calendar import DAY_MS, local_date_of, midnight_ms
from server.workflows.scheduler import tick
from sync_protocol.client.tablet import Tablet
from tests.stages import reach
from tests.stories.field import WORKER, Field
from tests.stories.forms.conftest import Run
from tests.stories.packs.filling import PHOTO, filled

PACK = "notice_2021"
MINUTE_MS = 60_000
# What another answer than the first of a list needs.
GIVEN: Mapping[str, Mapping[str, Any]] = {
    "sewage_check": {"faecal_coliform": 200},
    "supply_status": {"stock_days": 10},
    "water_test": {"residual_chlorine_mg_l": 0.3},
}


def make_sites(field: Field) -> dict[str, str]:
    """A site of each kind of the pack, with a place of each kind of place that a duty asks of it. By kind."""
    made = {}
    with field.app.app_context(), write() as session:
        book = rules_in_force(session)
        seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
        user = session.get_one(User, field.cast.users["inspector"])
        for row in read_pack(PACK).rows["site_kinds"]:
            kind = row["code"]
            kinds = {place for duty in book.duties if kind in duty.site_kinds for place in duty.places}
            places = [{"kind": place, "name": f"{place} 1"} for place in sorted(kinds)]
            named = {"name": f"某{row['name']}", "kind": kind, "district": "410702", "unit": row["unit"]}
            new = NewSite(**named, stage="building", inhabited=False, places=places)
            site = register_site(session, seals, now_ms, new)
            assign_site(session, seals, user, site, now_ms)
            made[kind] = site.id
    return made


@pytest.fixture
def sites(field: Field, run: Run) -> dict[str, str]:
    """Loaded by the command, in the evening before the day; the windows of the day are made."""
    return reach(field.app, "sites of a pack", lambda: _load_and_make(field, run))


def _load_and_make(field: Field, run: Run) -> dict[str, str]:
    clock = field.cast.clock
    tick(field.app, clock.now_ms())
    done = run("pack", "load", PACK)
    assert done.exit_code == 0, done.output
    made = make_sites(field)
    clock.advance(midnight_ms(local_date_of(clock.now_ms() + DAY_MS)) - clock.now_ms() - MINUTE_MS)
    tick(field.app, clock.now_ms())
    return made


def open_logs(field: Field, sites: Mapping[str, str], day: str) -> dict[int, list[tuple[str, str, str, Any]]]:
    """The windows of one date that a record of a form meets, by when they open: site, kind of record, place."""
    with field.app.app_context(), read() as session:
        evidence = {
            rule.code: rule.evidence for rule in rules_in_force(session).duties if rule.judging == "log"
        }
        query = sa.select(Window).where(
            Window.scope_id.in_(sites.values()), Window.local_date == day, Window.state == "open"
        )
        found = defaultdict(list)
        for window in session.scalars(query.where(Window.duty.in_(evidence))):
            place = (window.place, window.place_id)
            found[window.opens_ms].append((window.scope_id, evidence[window.duty], *place))
    return dict(sorted(found.items()))


def forms_of(tablet: Tablet, field: Field, kind: str) -> list[Form]:
    """The forms that the tablet offers at a site of this kind."""
    codes = {item.body["code"] for item in tablet.list("form") if kind in item.body["site_kinds"]}
    with field.app.app_context(), read() as session:
        book = rules_in_force(session).kinds
        forms = [book.get(code).form for code in sorted(codes)]  # type: ignore[union-attr]
    return forms


def write_one(field: Field, tablet: Tablet, site: str, form: Form, known: Mapping[str, Any]) -> str:
    with field.app.app_context(), read() as session:
        book = rules_in_force(session).kinds
        today = local_date_of(field.cast.clock.now_ms())
        body = filled(book, form, today, {**GIVEN.get(form.code, {}), **known})
    media = [{"sha256": PHOTO, "bytes": 1000, "type": "image/jpeg"}] if PHOTO in str(body) else []
    return tablet.add(scope_name("site", site), form.code, body, media=media)


def test_a_tablet_offers_the_forms_of_its_kind_and_every_one_can_be_filled(
    field: Field, sites: dict[str, str]
) -> None:
    tablet = field.tablet("of all")
    shipped = {item.body["code"] for item in tablet.list("form")}
    packed = {str(tables.sheets["settings"].rows[0][1]) for _, tables in read_pack(PACK).forms}
    assert shipped == packed | {*shipped_codes()}
    field.cast.clock.advance(9 * 3_600_000)
    written = 0
    for kind, site in sites.items():
        scope = scope_name("site", site)
        bare = {name: WORKER[name] for name in ("name", "certificate_type", "certificate_number", "phone")}
        worker = tablet.add(scope, "worker", {**bare, "entered_on": "2026-11-01"})
        case = tablet.add(scope, "case", {"worker": worker, "cause": "travel"})
        assert tablet.sync().ok
        (record,) = [item for item in tablet.list("site") if item.id == site]
        places = {place["kind"]: place["id"] for place in record.body.get("places", ())}
        for form in forms_of(tablet, field, kind):
            if any(item.role == "seen" for item in form.items):
                continue  # it is about a flag, and this site has none
            asked = next((item for item in form.items if item.role == "place"), None)
            known: dict[str, Any] = {"worker": worker, "case": case}
            if asked is not None and asked.type == "select_one":
                known["place"] = next((name for name in places), "toilet")
            elif asked is not None:
                known["place_id"] = next((places[name] for name in asked.kinds if name in places), None)
                if known["place_id"] is None:
                    continue  # this site has no such place
            write_one(field, tablet, site, form, known)
            written += 1
    assert tablet.sync().ok
    assert [(one.kind, one.code, one.errors) for one in tablet.refused()] == []
    assert written > 100


def test_the_windows_of_a_day_are_met_at_each_kind_of_site_and_a_building_site_is_asked_what_it_was(
    field: Field, sites: dict[str, str]
) -> None:
    tablet, clock = field.tablet("of the day"), field.cast.clock
    day = local_date_of(clock.now_ms() + 2 * MINUTE_MS)
    with field.app.app_context(), read() as session:
        book = rules_in_force(session).kinds
    waiting = open_logs(field, sites, day)
    assert len(waiting) > 15
    for opens_ms, asked in waiting.items():
        clock.advance(max(0, opens_ms + MINUTE_MS - clock.now_ms()))
        for site, kind, place, place_id in asked:
            form = book.get(kind).form  # type: ignore[union-attr]
            write_one(field, tablet, site, form, {"place_id": place_id, "place": place})
        assert tablet.sync().ok
    assert [(one.kind, one.code, one.errors) for one in tablet.refused()] == []
    clock.advance(midnight_ms(day) + DAY_MS + 3 * 3_600_000 - clock.now_ms())
    assert tablet.sync().ok
    tick(field.app, clock.now_ms())
    with field.app.app_context(), read() as session:
        logs = {rule.code for rule in rules_in_force(session).duties if rule.judging == "log"}
        query = sa.select(Window).where(Window.scope_id.in_(sites.values()), Window.local_date == day)
        mine = [(one.duty, one.slot, one.state) for one in session.scalars(query) if one.duty in logs]
        building = set(session.scalars(sa.select(Window.duty).where(Window.scope_id == field.cast.site_a)))
        known = {row["code"] for row in rules_in_force(session).rows["duties"]}
    assert [one for one in mine if one[2] != "met"] == []
    assert len(mine) == sum(map(len, waiting.values()))
    pack = read_pack(PACK)
    brought = {row["code"] for row in pack.rows["duties"] if not row.get("planned")}
    assert building.isdisjoint(brought) and brought <= known


def test_the_checkpoint_of_a_compound_is_manned_only_while_there_is_an_epidemic_there(
    field: Field, sites: dict[str, str]
) -> None:
    def asked(local_day: str) -> set[str]:
        with field.app.app_context(), read() as session:
            query = sa.select(Window.slot).where(
                Window.scope_id == sites["compound"],
                Window.duty == "CHECKPOINT",
                Window.local_date == local_day,
            )
            return set(session.scalars(query.where(Window.state != "void")))

    day = local_date_of(field.cast.clock.now_ms() + DAY_MS + 2 * MINUTE_MS)
    assert asked(day) == set()
    with field.app.app_context(), write() as session:
        site = session.get_one(Site, sites["compound"])
        site.alert, site.planned_stamp = "raised", ""
    tick(field.app, field.cast.clock.now_ms())
    assert asked(day) == {"early", "day", "late"}
