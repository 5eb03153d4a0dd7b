"""Chains with holes, forks, repeated ids and other bytes: kept, marked, and nothing takes effect twice."""

from __future__ import annotations

import hashlib
import uuid

import pytest
import sqlalchemy as sa

from server.actions.audit.rebuild import check_scope
from server.base.db import read
from server.models import Quarantine, StreamHead
from sync_protocol.intervals import TRANSIT_MS
from tests.stories.wire import LOG, WireDevice, records


def test_the_same_bytes_again_are_a_duplicate_that_names_its_first_outcome(device: WireDevice) -> None:
    line = device.line()
    (first,) = device.outcomes(line)
    (again,) = device.outcomes(line)
    assert again == {
        "id": first["id"],
        "outcome": "duplicate",
        "first": "applied",
        "rev": first["rev"],
        "seq": first["seq"],
    }


def test_the_same_line_twice_in_one_push_takes_effect_once(device: WireDevice) -> None:
    line = device.line()
    assert [o["outcome"] for o in device.outcomes(line, line)] == ["applied", "duplicate"]
    assert len(records(device.pull({}), "disinfection_log")) == 1


def test_the_same_id_with_other_bytes_changes_nothing_and_is_kept(device: WireDevice) -> None:
    key = str(uuid.uuid4())
    device.outcomes(device.line(id=key))
    (outcome,) = device.outcomes(device.line(id=key, body={**LOG, "place": "toilet"}))
    assert (outcome["outcome"], outcome["code"]) == ("refused", "entry_mismatch")
    (stored,) = records(device.pull({}), "disinfection_log")
    assert stored["body"]["place"] == "canteen"
    with device.field.app.app_context(), read() as session:
        assert session.scalars(sa.select(Quarantine.code)).all() == ["entry_mismatch"]


def test_a_hole_is_named_until_it_is_filled_and_the_stream_is_not_complete_meanwhile(
    device: WireDevice,
) -> None:
    first, hole, third = device.line(), device.line(), device.line()
    answer = device.push(first, third).get_json()
    assert [o["outcome"] for o in answer["outcomes"]] == ["applied", "applied"]
    assert answer["streams"][device.field.scope]["missing"] == [2]
    assert _stream(device).complete_ms is None
    filled = device.push(hole).get_json()
    assert filled["streams"][device.field.scope]["missing"] == []
    assert _stream(device).complete_ms == device.clock.now_ms() - TRANSIT_MS  # no beacon in its headers


def test_another_entry_at_a_taken_number_is_kept_applied_and_marks_the_stream_as_forked(
    device: WireDevice,
) -> None:
    device.outcomes(device.line())
    (outcome,) = device.outcomes(device.line(n=1, prev=""))
    assert outcome["outcome"] == "applied"
    assert _stream(device).forked


@pytest.mark.parametrize("greater_first", [True, False])
def test_of_two_entries_at_one_number_the_first_has_the_place_in_a_rebuild_too(
    device: WireDevice, greater_first: bool
) -> None:
    lines = sorted(
        (device.line(n=1, prev="") for _ in range(2)),
        key=lambda line: hashlib.sha256(line).digest(),
        reverse=greater_first,
    )
    for line in lines:
        device.outcomes(line)
        device.clock.advance(1_000)
    assert _stream(device).head["hash"] == hashlib.sha256(lines[0]).hexdigest()
    app, scope_id = device.field.app, device.field.cast.site_a
    with app.app_context(), read() as session:
        assert not list(check_scope(session, app.extensions["gongdi"].seals, scope_id))


def test_a_prev_that_does_not_match_marks_the_stream_as_forked(device: WireDevice) -> None:
    device.outcomes(device.line())
    (outcome,) = device.outcomes(device.line(prev="0" * 64))
    assert outcome["outcome"] == "applied"
    assert _stream(device).forked


def test_an_attestation_that_the_device_did_not_sign_moves_no_watermark(device: WireDevice) -> None:
    line = device.line()
    header = device.header().replace(b'"sig": "', b'"sig": "A')
    assert device.push(line, header=header).status_code == 200
    assert _stream(device).complete_ms is None
    assert _stream(device).mark == "bad_attestation"


def test_an_edit_that_overtakes_the_addition_waits_and_then_takes_effect(device: WireDevice) -> None:
    worker = {
        "name": "吴磊",
        "certificate_type": "id_card",
        "certificate_number": "411023197105188104",
        "company": "91410700MA40000A10",
        "team": "木工班",
        "trade": "240",
        "role": "worker",
        "entered_on": "2026-11-01",
    }
    key = str(uuid.uuid4())
    add = device.line("worker", worker, id=key)
    edit = device.line("worker", {"team": "架子班"}, record=key, act="edit", base=0)
    (early,) = device.outcomes(edit)
    assert early["outcome"] == "held"
    (added,) = device.outcomes(add)
    assert added["outcome"] == "applied"
    (stored,) = records(device.pull({}), "worker")
    assert stored["body"]["team"] == "架子班"


def _stream(device: WireDevice) -> StreamHead:
    with device.field.app.app_context(), read() as session:
        return session.get_one(StreamHead, (device.field.cast.site_a, device.device))
