"""What is in store has to last for a week (SUPPLY): the book of what came in, was issued and was counted says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.base.db import write
from server.models import Suspension
from server.rules.calendar import add_days, instant_ms
from sync_protocol.client.tablet import Tablet
from tests.server.cast import Cast
from tests.stories.duties.modes import MONDAY, NEXT_MONDAY, SUNDAY, Asked, asked_site

THURSDAY, FRIDAY = "2026-11-26", "2026-11-27"


@pytest.fixture
def asked(app: Flask, cast: Cast, tmp_path: Path) -> Asked:
    found = asked_site(app, cast, tmp_path)
    found.tick("09:00", SUNDAY)
    return found


@pytest.fixture
def tablet(asked: Asked) -> Tablet:
    return asked.field.tablet("first")


def enter(asked: Asked, tablet: Tablet, item: str, movement: str, amount: float) -> str:
    return tablet.add(asked.scope, "supply_movement", {"item": item, "movement": movement, "amount": amount})


def use(asked: Asked, tablet: Tablet, *items: str, amount: float = 10, date: str = MONDAY) -> None:
    """So much of each is issued that day."""
    asked.now("08:00", date)
    for item in items:
        enter(asked, tablet, item, "issued", amount)


def count(asked: Asked, tablet: Tablet, date: str, **counted: float) -> None:
    asked.now("15:00", date)
    for item, amount in counted.items():
        enter(asked, tablet, item, "counted", amount)


def windows(asked: Asked, date: str = MONDAY) -> list[Any]:
    return [one for one in asked.windows("SUPPLY") if one.local_date == date]


def test_a_week_has_one_window_for_the_site(asked: Asked) -> None:
    (window,) = windows(asked)
    assert (window.place, window.slot, window.due_ms - window.opens_ms) == ("", "period", 7 * 86_400_000)


def test_enough_for_the_days_that_the_rule_asks_meets_the_week(asked: Asked, tablet: Tablet) -> None:
    use(asked, tablet, "disinfectant", "mask", amount=14)  # 1 a day
    count(asked, tablet, THURSDAY, disinfectant=7, mask=100)
    asked.report(tablet, "18:00", THURSDAY)
    assert asked.state("SUPPLY") == ("met", None)
    assert asked.differences() == []


def test_too_little_is_missed_after_everybody_has_reported_and_says_need_and_have(
    asked: Asked, tablet: Tablet
) -> None:
    use(asked, tablet, "disinfectant", "mask", amount=14)
    count(asked, tablet, THURSDAY, disinfectant=20, mask=3)
    asked.report(tablet, "18:00", THURSDAY)
    assert asked.state("SUPPLY") == ("open", None)  # another tablet may have taken masks in
    asked.tick("09:00", NEXT_MONDAY)
    assert asked.state("SUPPLY") == ("silent", "not_heard")
    asked.report(tablet, "10:00", NEXT_MONDAY)
    words = "口罩可用天数应不少于 7, 实为 3.0 (结存 3, 日均领用 1)"
    assert asked.state("SUPPLY") == ("missed", f"not_satisfied: {words}")
    (window,) = windows(asked)
    assert (window.need, window.have, window.evidence is not None) == (7, 3, True)
    assert asked.flags("SUPPLY") == ["open"]
    assert asked.differences() == []


def test_what_is_taken_in_after_a_low_count_is_enough_again(asked: Asked, tablet: Tablet) -> None:
    use(asked, tablet, "disinfectant", "mask", amount=14)
    count(asked, tablet, THURSDAY, disinfectant=20, mask=3)
    asked.report(tablet, "18:00", THURSDAY)
    asked.now("10:00", FRIDAY)
    enter(asked, tablet, "mask", "received", 4)
    asked.report(tablet, "18:00", FRIDAY)
    assert asked.state("SUPPLY") == ("met", None)


def test_what_is_issued_after_the_count_is_not_there_any_more(asked: Asked, tablet: Tablet) -> None:
    use(asked, tablet, "disinfectant", "mask", amount=14)
    count(asked, tablet, THURSDAY, disinfectant=20, mask=20)
    asked.report(tablet, "18:00", THURSDAY)
    assert asked.state("SUPPLY") == ("met", None)
    use(asked, tablet, "mask", date=FRIDAY, amount=14)
    asked.report(tablet, "18:00", FRIDAY)
    assert asked.state("SUPPLY") == ("open", None)
    asked.report(tablet, "10:00", NEXT_MONDAY)
    assert asked.state("SUPPLY")[0] == "missed"
    assert "实为 3.0 (结存 6, 日均领用 2)" in (asked.state("SUPPLY")[1] or "")


def test_what_another_tablet_took_in_counts_for_a_week_that_was_silent(asked: Asked, tablet: Tablet) -> None:
    second = asked.field.tablet("second", asked.field.second_inspector())
    use(asked, tablet, "disinfectant", "mask", amount=14)
    asked.report(second, "12:00", MONDAY)
    count(asked, tablet, THURSDAY, disinfectant=20, mask=3)
    asked.now("10:00", FRIDAY)
    enter(asked, second, "mask", "received", 50)
    asked.report(tablet, "10:00", NEXT_MONDAY)
    assert asked.state("SUPPLY") == ("silent", "not_heard")
    asked.report(second, "11:00", NEXT_MONDAY)
    assert asked.state("SUPPLY") == ("met", None)
    assert asked.flags("SUPPLY") == []


def test_a_receipt_that_comes_after_the_week_was_missed_goes_to_a_person(
    asked: Asked, tablet: Tablet
) -> None:
    use(asked, tablet, "disinfectant", "mask", amount=14)
    count(asked, tablet, THURSDAY, disinfectant=20, mask=3)
    asked.report(tablet, "10:00", NEXT_MONDAY)
    assert asked.state("SUPPLY")[0] == "missed"
    body = {"item": "mask", "movement": "received", "amount": 50}
    tablet.add(asked.scope, "supply_movement", body, observed_ms=instant_ms("2026-11-29", "16:00"))
    asked.report(tablet, "10:05", NEXT_MONDAY)
    assert asked.state("SUPPLY") == ("review", "proof_lost")


@pytest.mark.parametrize("counted", [{}, {"disinfectant": 50}])
def test_an_item_that_nobody_counted_is_not_declared(
    asked: Asked, tablet: Tablet, counted: dict[str, float]
) -> None:
    use(asked, tablet, "disinfectant", "mask", amount=14)
    count(asked, tablet, THURSDAY, **counted)
    asked.report(tablet, "10:00", NEXT_MONDAY)
    what = "口罩" if counted else "消毒液"
    assert asked.state("SUPPLY") == ("missed", f"not_declared: {what}没有有效期内的盘点")


def test_nothing_issued_for_two_weeks_is_a_book_that_is_not_kept(asked: Asked, tablet: Tablet) -> None:
    count(asked, tablet, SUNDAY, disinfectant=50, mask=500)
    asked.report(tablet, "18:00", SUNDAY)
    later = add_days(NEXT_MONDAY, 7)
    count(asked, tablet, add_days(later, 2), disinfectant=50, mask=500)
    use(asked, tablet, "mask", date=add_days(later, 3))
    asked.report(tablet, "10:00", add_days(later, 7))
    assert asked.state("SUPPLY", later) == ("missed", "book_not_kept: 消毒液 14 天内没有领用记录")


def test_a_book_that_has_just_begun_accuses_nobody(asked: Asked, tablet: Tablet) -> None:
    count(asked, tablet, THURSDAY, disinfectant=50, mask=500)
    asked.report(tablet, "10:00", NEXT_MONDAY)
    assert asked.state("SUPPLY") == ("met", None)


def test_a_pause_in_which_nothing_was_issued_accuses_nobody(asked: Asked, tablet: Tablet) -> None:
    count(asked, tablet, SUNDAY, disinfectant=50, mask=500)
    asked.report(tablet, "18:00", SUNDAY)
    later = add_days(NEXT_MONDAY, 7)
    with asked.field.app.app_context(), write() as session:
        session.add(
            Suspension(
                site_id=asked.field.cast.site_a,
                id=asked.field.cast.site_b,
                from_ms=instant_ms(NEXT_MONDAY, "00:00"),
                to_ms=instant_ms(later, "00:00"),
                approved_by="王某",
                reason="大风",
            )
        )
    count(asked, tablet, add_days(later, 2), disinfectant=50, mask=500)
    asked.report(tablet, "10:00", add_days(later, 7))
    assert asked.state("SUPPLY", later) == ("met", None)


def test_gloves_are_not_asked_for_but_what_is_counted_has_to_last(asked: Asked, tablet: Tablet) -> None:
    use(asked, tablet, "disinfectant", "mask", "glove", amount=14)
    count(asked, tablet, THURSDAY, disinfectant=50, mask=500, glove=1)
    asked.report(tablet, "10:00", NEXT_MONDAY)
    assert asked.state("SUPPLY")[0] == "missed"
    assert "手套可用天数" in (asked.state("SUPPLY")[1] or "")
