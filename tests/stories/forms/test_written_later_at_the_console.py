"""补录 at the console: what was done earlier is written with its time, within the limits that a tablet has."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.base.clock import to_iso
from tests.server.cast import NOW_MS
from tests.stories.field import Field
from tests.stories.forms.conftest import Run
from tests.stories.forms.test_filled_at_the_console import POND, fill, place_in, publish, seat_of

__all__ = ["fill"]
HOUR_MS = 3_600_000


@pytest.fixture
def done(field: Field, run: Run, tmp_path: Path, fill: str) -> str:
    """The form, two hours after the site began."""
    day = {"type": "date", "name": "day", "label::中文 (zh)": "日期", "constraint": ". <= today()"}
    publish(run, tmp_path, "section inspector", day)
    field.cast.clock.advance(2 * HOUR_MS)
    return fill


def local(at_ms: int) -> str:
    """As a browser sends it."""
    return to_iso(at_ms)[:16]


def test_it_counts_when_it_was_done_and_says_that_it_was_written_later(field: Field, done: str) -> None:
    tablet, seat = field.tablet("first"), seat_of(field, "section")
    page = seat.get(done)
    said_ms = NOW_MS + HOUR_MS
    assert f'max="{local(field.cast.clock.now_ms())}"' in page and "补录" in page
    answer = seat.send(done, place=place_in(page), observed=local(said_ms), **POND)
    assert answer.status_code == 303, answer.text
    field.cast.clock.advance(1_000)
    assert tablet.sync().ok
    (record,) = tablet.list("pond_round")
    assert record.body["backfilled"] is True
    assert record.body["observed"] == to_iso(said_ms // 60_000 * 60_000)
    listed = seat.get(f"sites/{field.cast.site_a}/records/pond_round")
    assert '<span class="mark window-backfilled">补录</span>' in listed


@pytest.mark.parametrize(
    ("off_h", "said"),
    [(1, "实际时间不能晚于现在"), (-24 * 30, "小时以内的工作 (依据:")],
    ids=["later", "older"],
)
def test_what_is_still_to_come_or_too_long_ago_is_said_at_its_field(
    field: Field, done: str, off_h: int, said: str
) -> None:
    seat = seat_of(field, "section")
    observed = local(field.cast.clock.now_ms() + off_h * HOUR_MS)
    answer = seat.send(done, place=place_in(seat.get(done)), observed=observed, **POND)
    assert answer.status_code == 422
    assert (
        said in answer.text
        and f'value="{observed}"' in answer.text
        and '<details class="asked" open>' in answer.text
    )
    assert field.tablet("first").list("pond_round") == []


@pytest.mark.parametrize("text", ["2026-11-23", "2026-02-30T08:00", "gestern"])
def test_no_moment_is_no_time(field: Field, done: str, text: str) -> None:
    seat = seat_of(field, "section")
    answer = seat.send(done, place=place_in(seat.get(done)), observed=text, **POND)
    assert (answer.status_code, "请填写完整的日期和时间" in answer.text) == (422, True)


def test_other_faults_are_said_together_with_it(field: Field, done: str) -> None:
    seat = seat_of(field, "section")
    answer = seat.send(done, observed=local(field.cast.clock.now_ms() + HOUR_MS), look="other")
    assert answer.status_code == 422
    assert "实际时间不能晚于现在" in answer.text and "缺少这一项" in answer.text
