"""Facts that came together are kept in one piece: read as if each had a row of its own, and bound to their place."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.audit.rebuild import check_scope
from server.actions.records.segments import lines_at, read_bodies
from server.base.db import read, write
from server.base.seal import SealBroken, Seals
from server.models import Record, Segment
from tests.server.cast import Cast
from tests.stories.field import WORKER
from tests.stories.wire import CHECK, LOG, WireDevice, records


def mixed(device: WireDevice, count: int) -> list[bytes]:
    """Checks and logs in turn."""
    kinds: list[tuple[str, dict[str, Any]]] = [("temperature_check", CHECK), ("disinfection_log", LOG)]
    return [device.line(*kinds[number % 2]) for number in range(count)]


def facts_of(session: Session, device: WireDevice) -> list[Record]:
    query = sa.select(Record).where(
        Record.scope_id == device.field.cast.site_a,
        Record.kind.in_(("temperature_check", "disinfection_log")),
    )
    return list(session.scalars(query.order_by(Record.seq)))


def segments_of(session: Session, device: WireDevice) -> list[Segment]:
    query = sa.select(Segment).where(Segment.scope_id == device.field.cast.site_a)
    return list(session.scalars(query.order_by(Segment.first_seq)))


def as_the_release_before(session: Session, seals: Seals, device: WireDevice) -> None:
    """Bodies in the rows of their records, as they were kept before there were segments."""
    rows = facts_of(session, device)
    for row, body in zip(rows, read_bodies(session, seals, device.field.cast.site_a, rows), strict=True):
        row.body = body
    session.execute(sa.delete(Segment))


def served(device: WireDevice) -> list[dict[str, Any]]:
    return [line for line in device.pull({}) if "put" in line and line["scope"] == device.field.scope]


def test_the_facts_of_one_push_are_one_segment_and_none_of_them_has_a_body_of_its_own(
    cast: Cast, device: WireDevice
) -> None:
    device.outcomes(*mixed(device, 20))
    with cast.app.app_context(), read() as session:
        (segment,) = segments_of(session, device)
        rows = facts_of(session, device)
    assert segment.lines[:1] == b"\x01" and LOG["operator"].encode() not in segment.lines
    assert [(row.seq, row.body) for row in rows] == [(segment.first_seq + i, b"") for i in range(20)]


def test_what_is_served_of_a_segment_is_what_rows_of_their_own_would_give(
    cast: Cast, device: WireDevice, seals: Seals
) -> None:
    device.outcomes(*mixed(device, 20))
    before = served(device)
    with cast.app.app_context(), write() as session:
        as_the_release_before(session, seals, device)
    assert served(device) == before
    assert [line["seq"] for line in before] == sorted(line["seq"] for line in before)


def test_facts_of_the_release_before_are_served_among_newer_ones(
    cast: Cast, device: WireDevice, seals: Seals
) -> None:
    device.outcomes(*mixed(device, 4))
    with cast.app.app_context(), write() as session:
        as_the_release_before(session, seals, device)
    device.outcomes(*mixed(device, 4))
    found = served(device)
    assert len({line["id"] for line in found if line["put"] != "site"}) == 8
    with cast.app.app_context(), read() as session:
        assert list(check_scope(session, seals, cast.site_a)) == []


def test_people_entered_between_facts_leave_no_hole_in_what_is_served(
    cast: Cast, device: WireDevice, seals: Seals
) -> None:
    lines = [
        device.line("worker", WORKER),
        *mixed(device, 2),
        device.line("worker", {**WORKER, "name": "王五"}),
    ]
    assert [one["outcome"] for one in device.outcomes(*lines, *mixed(device, 2))] == ["applied"] * 6
    with cast.app.app_context(), read() as session:
        (segment,) = segments_of(session, device)
        rows = facts_of(session, device)
        assert [row.seq - segment.first_seq for row in rows] == [0, 1, 3, 4]
    assert len(records(served(device), "worker")) == 2
    assert len(served(device)) == 6


def test_a_fact_that_changes_leaves_its_segment_and_its_neighbours_stay(
    cast: Cast, device: WireDevice, seals: Seals
) -> None:
    lines = mixed(device, 6)
    ids = [one["id"] for one in device.outcomes(*lines)]
    void = {"record": ids[2], "reason": "记错了"}
    line = device.line("temperature_check", {}, act="void", **void)
    assert device.outcomes(line)[0]["outcome"] == "applied"
    found = {line["id"]: line for line in served(device)}
    assert found[ids[2]]["rev"] == 2 and found[ids[2]]["body"]["voided"] is True
    assert [found[key]["rev"] for key in ids] == [1, 1, 2, 1, 1, 1]
    with cast.app.app_context(), read() as session:
        assert list(check_scope(session, seals, cast.site_a)) == []


@pytest.mark.parametrize("moved_by", [1, 7])
def test_a_segment_that_was_moved_does_not_open(
    cast: Cast, device: WireDevice, seals: Seals, moved_by: int
) -> None:
    device.outcomes(*mixed(device, 6))
    with cast.app.app_context(), write() as session:
        (segment,) = segments_of(session, device)
        segment.first_seq += moved_by
    with cast.app.app_context(), read() as session, pytest.raises(SealBroken):
        lines_at(session, seals, cast.site_a, [facts_of(session, device)[-1].seq + moved_by])


def test_a_record_that_names_the_place_of_another_is_noticed(
    cast: Cast, device: WireDevice, seals: Seals
) -> None:
    device.outcomes(*mixed(device, 2))
    with cast.app.app_context(), read() as session:
        first, second = facts_of(session, device)
        first.seq = second.seq
        with pytest.raises(SealBroken):
            read_bodies(session, seals, cast.site_a, [first])


def test_bodies_far_apart_come_in_the_order_asked_for(cast: Cast, device: WireDevice, seals: Seals) -> None:
    for _ in range(6):
        device.outcomes(*mixed(device, 5))
    by_id = {line["id"]: line["body"] for line in served(device)}
    with cast.app.app_context(), read() as session:
        rows = facts_of(session, device)[::4]
        random.Random(7).shuffle(rows)
        bodies = read_bodies(session, seals, cast.site_a, rows)
    assert [json.loads(body) for body in bodies] == [by_id[row.id] for row in rows]
