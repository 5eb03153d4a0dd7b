"""A gate machine reports who went through. Each row has an outcome; what is repeated counts once; nothing is dropped."""

from __future__ import annotations

import sqlalchemy as sa

from server.actions.audit.rebuild import check_scope
from server.actions.audit.verify_log import verify_exchanges, verify_scope
from server.base.db import read
from server.models import LogEntry, Scope
from server.rules.calendar import instant_ms
from tests.stories.gates.vendor import DAY, LEFT, MINUTE_MS, NUMBERS, WU, ZHOU, Gate

_ZHOU = {"certificate": {"type": "id_card", "number": NUMBERS[ZHOU]}}


def test_a_pass_is_written_for_the_person_of_that_certificate(gate: Gate) -> None:
    (outcome,) = gate.outcomes(gate.passed("e-1", "07:29", _ZHOU, celsius=36.5))
    assert outcome["outcome"] == "applied" and outcome["verdict"] == "known"
    ((at_ms, body),) = gate.records()
    assert body["worker"] == ZHOU and body["celsius"] == 36.5
    assert abs(at_ms - instant_ms(DAY, "07:29")) <= MINUTE_MS


def test_a_person_is_known_by_digest_card_and_the_platforms_own_number(gate: Gate) -> None:
    numbers = [{"person": {"worker": ZHOU}, "card": "0004417788", "external_id": "G-17"}]
    answer = gate.post(f"{gate.cast.site_a}/person-numbers", {"numbers": numbers})
    assert [one["outcome"] for one in answer.get_json()["outcomes"]] == ["set"]
    people = gate.get(f"sites/{gate.cast.site_a}/roster").get_json()["items"]
    mine = next(one for one in people if one["worker"] == ZHOU)
    assert (mine["card"], mine["external_id"]) == ("0004417788", "G-17")
    assert NUMBERS[ZHOU] not in str(people)
    named = [
        {"certificate_digest": mine["certificate_digest"]},
        {"card": "0004417788"},
        {"external_id": "G-17"},
        {"worker": ZHOU},
    ]
    rows = [gate.passed(f"e-{n}", "07:29", person) for n, person in enumerate(named)]
    assert [one["outcome"] for one in gate.outcomes(*rows)] == ["applied"] * 4
    assert {body["worker"] for _, body in gate.records()} == {ZHOU}


def test_a_card_that_is_handed_on_is_the_new_persons(gate: Gate) -> None:
    for worker in (ZHOU, WU):
        numbers = [{"person": {"worker": worker}, "card": "77"}]
        assert gate.post(f"{gate.cast.site_a}/person-numbers", {"numbers": numbers}).status_code == 200
    gate.outcomes(gate.passed("e-1", "07:29", {"card": "77"}))
    assert [body["worker"] for _, body in gate.records()] == [WU]


def test_the_same_event_again_counts_once_and_says_what_came_of_it(gate: Gate) -> None:
    row = gate.passed("e-1", "07:29", _ZHOU)
    first, twin = gate.outcomes(row, row)
    (again,) = gate.outcomes(row)
    assert first["outcome"] == "applied" and twin["outcome"] == "duplicate"
    assert again["outcome"] == "duplicate" and again["first"] == {"outcome": "applied"}
    assert again["entry"] == first["entry"] and len(gate.records()) == 1


def test_another_pass_under_the_same_event_changes_nothing(gate: Gate) -> None:
    gate.outcomes(gate.passed("e-1", "07:29", _ZHOU))
    (refused,) = gate.outcomes(gate.passed("e-1", "07:30", _ZHOU, direction="out"))
    assert (refused["outcome"], refused["code"]) == ("refused", "entry_mismatch")
    assert [body["direction"] for _, body in gate.records()] == ["in"]


def test_somebody_unknown_waits_in_quarantine_without_the_whole_number(gate: Gate) -> None:
    stranger = {"certificate": {"type": "id_card", "number": "410702198512120011"}}
    unknown, fine = gate.outcomes(
        gate.passed("e-1", "07:28", stranger), gate.passed("e-2", "07:29", {"worker": WU})
    )
    assert (unknown["outcome"], unknown["verdict"]) == ("refused", "unknown")
    assert unknown["errors"] == {"/person": ["名册上没有这个人。"]}
    assert fine["outcome"] == "applied"
    (kept,) = gate.quarantined()
    seals = gate.app.extensions["gongdi"].seals
    from server.actions.sync.quarantine import quarantine_aad

    line = seals.open(quarantine_aad(kept.id), kept.raw)
    assert b"e-1" not in line and b"410702198512120011" not in line and b"0011" in line


def test_rows_that_cannot_be_read_are_kept_and_say_what_is_wrong(gate: Gate) -> None:
    rows = [
        7,
        gate.passed("", "07:29", _ZHOU),
        {**gate.passed("e-2", "07:29", _ZHOU), "at": "gestern"},
        gate.passed("e-3", "07:29", _ZHOU, direction="sideways"),
        gate.passed("e-4", "07:29", {"name": "周小明"}),
        gate.passed("e-5", "07:29", _ZHOU, colour="red"),
        gate.passed("e-6", "07:29", _ZHOU, celsius=99.0),
    ]
    found = gate.outcomes(*rows)
    assert [one["outcome"] for one in found] == ["refused"] * 7
    wrong = ["", "/event", "/at", "/direction", "/person", "/colour", "/celsius"]
    assert all(name in one["errors"] for name, one in zip(wrong, found, strict=True)), found
    assert len(gate.quarantined()) == 7 and gate.records() == []
    again = gate.outcomes(*rows)
    assert [one["outcome"] for one in again] == ["duplicate"] * 7 and len(gate.quarantined()) == 7


def test_what_is_known_of_a_person_goes_back(gate: Gate) -> None:
    numbers = {"known": ZHOU, "exited": LEFT, "unmeasured": WU}
    gate.outcomes(gate.passed("e-0", "07:20", {"worker": ZHOU}, celsius=36.4))
    rows = [gate.passed(name, "07:29", {"worker": worker}) for name, worker in numbers.items()]
    rows.append(
        gate.passed("fever", "07:30", {"worker": WU}, celsius=37.9, direction="out", refused_for="fever")
    )
    assert [one["verdict"] for one in gate.outcomes(*rows)][:2] == ["known", "exited"]
    assert [one["verdict"] for one in gate.outcomes(*rows)] == ["known", "exited", "fever", "fever"]


def test_a_gate_whose_clock_is_wrong_is_dated_by_its_own_clock(gate: Gate) -> None:
    gate.skew_ms = -3 * 60 * MINUTE_MS
    gate.outcomes(gate.passed("e-1", "07:29", _ZHOU))
    ((at_ms, _),) = gate.records()
    assert abs(at_ms - instant_ms(DAY, "07:29")) <= MINUTE_MS


def test_lines_of_a_gate_are_its_own_chain_and_rebuild_alike(gate: Gate) -> None:
    for n in range(4):
        gate.now(f"07:3{n}")
        gate.outcomes(
            gate.passed(f"e-{n}", f"07:3{n}", _ZHOU), gate.passed(f"x-{n}", f"07:3{n}", {"card": "?"})
        )
    seals = gate.app.extensions["gongdi"].seals
    with gate.app.app_context(), read() as session:
        query = sa.select(LogEntry.n).where(LogEntry.device_id == gate.device).order_by(LogEntry.n)
        assert list(session.scalars(query)) == list(range(1, 9))
        scope = session.get_one(Scope, gate.cast.site_a)
        assert [*verify_scope(session, seals, scope), *verify_exchanges(session, seals)] == []
        assert list(check_scope(session, seals, gate.cast.site_a)) == []


def test_five_hundred_rows_are_taken_and_more_are_not(gate: Gate) -> None:
    rows = [gate.passed(f"e-{n}", "07:29", _ZHOU) for n in range(501)]
    answer = gate.send(*rows)
    assert answer.status_code == 422 and "/passes" in answer.get_json()["errors"]
    assert {one["outcome"] for one in gate.outcomes(*rows[:500])} == {"applied"}
