"""Records of all kinds, page by page, narrowed by what one looks for."""

from __future__ import annotations

from typing import Any

import pytest

from server.actions.records.feed import Put
from server.base.db import write
from server.rules.calendar import local_date_of
from sync_protocol.client.tablet import Tablet
from tests.server.cast import NOW_MS, identity, set_places
from tests.stories.field import Field
from tests.stories.records.conftest import CLEANED, Ask, all_pages, put

DAY_MS = 86_400_000
TODAY = local_date_of(NOW_MS)


def ids(page: Any) -> list[str]:
    return [item["id"] for item in page["items"]]


def cleaned(number: int, at_ms: int = NOW_MS, **said: Any) -> Put:
    return Put("disinfection_log", identity(f"record {number}"), {**CLEANED, **said}, event_ms=at_ms)


def test_a_record_comes_with_its_fields_its_author_and_its_state(
    field: Field, tablet: Tablet, ask: Ask
) -> None:
    entry = tablet.add(field.scope, "disinfection_log", CLEANED)
    assert tablet.sync().ok and tablet.refused() == []
    (item,) = ask(kind="disinfection_log")["items"]
    assert (item["id"], item["site"], item["kind"]) == (entry, field.cast.site_a, "disinfection_log")
    assert (item["state"], item["rev"], item["author"]) == ("in_force", 1, "检查员李华")
    assert item["fields"] == CLEANED
    assert item["about"]["at"]["time"] == item["time"]


@pytest.mark.usefixtures("brigade_sees_both")
def test_pages_of_any_size_give_every_record_once_and_the_latest_first(field: Field, ask: Ask) -> None:
    """Also where many have the same time, at two sites."""
    times = [NOW_MS - (number // 4) * 1000 for number in range(23)]
    put(field, field.cast.site_a, [cleaned(number, at) for number, at in enumerate(times)])
    put(field, field.cast.site_b, [cleaned(100 + number) for number in range(3)])
    for limit in (1, 7, 26, 200):
        seen = all_pages(ask, "brigade", kind="disinfection_log", limit=limit)
        assert len({item["id"] for item in seen}) == len(seen) == 26
        at_a = [item["time"] for item in seen if item["site"] == field.cast.site_a]
        assert at_a == sorted(at_a, reverse=True)


def test_all_kinds_come_when_none_is_named(field: Field, tablet: Tablet, ask: Ask) -> None:
    tablet.add(field.scope, "disinfection_log", CLEANED)
    tablet.add(field.scope, "temperature_check", CHECK)
    assert tablet.sync().ok and tablet.refused() == []
    assert {item["kind"] for item in ask()["items"]} == {"disinfection_log", "temperature_check"}


CHECK = {"worker": identity("somebody"), "celsius": 36.5, "point": "gate", "slot": "before_work"}


def test_days_are_those_of_shanghai_and_both_ends_are_included(field: Field, ask: Ask) -> None:
    days = [cleaned(number, NOW_MS - number * DAY_MS) for number in range(4)]
    put(field, field.cast.site_a, days)
    yesterday, before = local_date_of(NOW_MS - DAY_MS), local_date_of(NOW_MS - 2 * DAY_MS)
    assert ids(ask(kind="disinfection_log", day=TODAY)) == [days[0].id]
    assert ids(ask(kind="disinfection_log", from_=before, to=yesterday)) == [days[1].id, days[2].id]
    assert ids(ask(to=before)) == [days[2].id, days[3].id]


def test_places_authors_and_choices_narrow(field: Field, tablet: Tablet, ask: Ask) -> None:
    with field.app.app_context(), write() as session:
        made = set_places(session, field.cast.site_a, ("canteen", "食堂"), ("toilet", "东厕"))
        places = dict(zip(("canteen", "toilet"), made, strict=True))
    assert tablet.sync().ok
    said = [
        {**CLEANED, "place": "canteen"},
        {**CLEANED, "place": "toilet", "agent": "alcohol"},
        {**CLEANED, "place": "toilet"},
    ]
    canteen, alcohol, toilet = (tablet.add(field.scope, "disinfection_log", one) for one in said)
    other = field.tablet("other", field.second_inspector())
    fourth = other.add(field.scope, "disinfection_log", CLEANED)
    assert tablet.sync().ok and other.sync().ok

    def found(**asked: Any) -> set[str]:
        return set(ids(ask(kind="disinfection_log", site=field.cast.site_a, **asked)))

    assert found(place=places["toilet"]) == {alcohol, toilet}
    assert found(author=field.cast.users["inspector2"]) == {fourth}
    assert found(choice="agent:alcohol") == {alcohol}
    assert found(choice=["agent:chlorine", "place:toilet"]) == {toilet}
    assert found(place=places["canteen"], choice="agent:chlorine") == {canteen, fourth}


def test_a_choice_is_found_however_far_back(field: Field, ask: Ask) -> None:
    """A page opens a bounded number of bodies, and says where to look on."""
    rare = cleaned(9999, NOW_MS - 10_000_000, agent="alcohol")
    put(field, field.cast.site_a, [rare, *(cleaned(number, NOW_MS - number) for number in range(2500))])
    asked = {"kind": "disinfection_log", "site": field.cast.site_a, "choice": "agent:alcohol"}
    page = ask(**asked)
    assert page["items"] == [] and page["next"]
    page = ask(**asked, cursor=page["next"])
    assert ids(page) == [rare.id] and page["next"] is None


def test_voided_and_corrected_ones_say_so_and_can_be_left_out(field: Field, tablet: Tablet, ask: Ask) -> None:
    void, wrong, kept = (tablet.add(field.scope, "disinfection_log", CLEANED) for _ in range(3))
    tablet.void(field.scope, void, "记错了")
    right = tablet.amend(field.scope, wrong, {**CLEANED, "operator": "李师傅"})
    assert tablet.sync().ok and tablet.refused() == []
    states = {item["id"]: item["state"] for item in ask(kind="disinfection_log")["items"]}
    assert states == {void: "voided", wrong: "corrected", right: "in_force", kept: "in_force"}
    assert set(ids(ask(kind="disinfection_log", voided="hidden"))) == {right, kept}


def test_registers_come_too_by_their_ids(field: Field, ask: Ask) -> None:
    people = [Put("worker", identity(f"worker {number}"), {"name": f"甲{number}"}) for number in range(5)]
    put(field, field.cast.site_a, people)
    seen = [item["id"] for item in all_pages(ask, kind="worker", limit=2)]
    assert seen == sorted((one.id for one in people), reverse=True)
