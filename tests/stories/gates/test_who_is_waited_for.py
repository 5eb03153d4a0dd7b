"""A gate that has not reported holds up what is judged by passes, and nothing else."""

from __future__ import annotations

from server.actions.accounts.service_accounts import close_service
from server.actions.devices.refresh_watermark import refresh_watermark
from server.actions.reference.load_reference import tx_of
from server.base.db import read, write
from server.models import StreamHead
from server.models.watermark import counted_query
from server.rules.calendar import instant_ms, local_date_of
from server.rules.duties.reporting import Counted, reporting
from tests.stories.gates.vendor import DAY, MINUTE_MS, ZHOU, Gate


def _complete(gate: Gate, kind: str) -> int | None:
    """Through when records of a kind are complete at site A."""
    with gate.app.app_context(), read() as session:
        tx = tx_of(session, gate.app.extensions["gongdi"].seals, gate.cast.clock.now_ms())
        rows = session.execute(counted_query().where(StreamHead.scope_id == gate.cast.site_a)).all()
        counted = [Counted._make(row[1:]) for row in rows]
        classes = tx.book.device_classes(local_date_of(tx.now_ms))
        return reporting(counted, classes, tx.now_ms).watermark([kind])


def test_passes_are_complete_through_the_last_report_that_left_nothing(gate: Gate) -> None:
    gate.outcomes(gate.passed("e-1", "07:29", {"worker": ZHOU}))
    first = gate.complete_ms()
    assert first is not None and 0 <= instant_ms(DAY, "07:30") - first <= MINUTE_MS
    gate.now("08:30")
    assert _complete(gate, "gate_pass") == first
    gate.outcomes(gate.passed("e-2", "08:00", {"worker": ZHOU}), unsent=3)
    assert gate.complete_ms() == first
    gate.now("08:40")
    gate.outcomes()  # a sign of life, with nothing left
    last = gate.complete_ms()
    assert last is not None and 0 <= instant_ms(DAY, "08:40") - last <= MINUTE_MS


def test_a_silent_gate_holds_up_no_other_kind(gate: Gate) -> None:
    gate.outcomes(gate.passed("e-1", "07:29", {"worker": ZHOU}))
    gate.now("12:00")
    assert _complete(gate, "gate_pass") == gate.complete_ms()
    assert _complete(gate, "temperature_check") != gate.complete_ms()


def test_a_closed_account_is_waited_for_no_longer(gate: Gate) -> None:
    gate.outcomes(gate.passed("e-1", "07:29", {"worker": ZHOU}))
    before = gate.complete_ms()
    gate.now("12:00")
    with gate.app.app_context(), write() as session:
        tx = tx_of(session, gate.app.extensions["gongdi"].seals, gate.cast.clock.now_ms())
        close_service(tx, gate.account)
        refresh_watermark(session, gate.cast.site_a, tx.now_ms)
    assert _complete(gate, "gate_pass") != before
    assert gate.send(gate.passed("e-2", "08:00", {"worker": ZHOU})).status_code == 401
