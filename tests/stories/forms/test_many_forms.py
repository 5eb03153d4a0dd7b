"""A hundred published forms cost tablets and the server nothing at each push and pull."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.forms.shipped import shipped_forms
from schemas.forms.tables import tables_from_json
from server.actions.forms.publish_form import publish_form
from server.actions.reference.load_reference import rules_in_force, tx_of
from server.base.db import read, write
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.forms.workbooks import only_form
from tests.stories.sync.test_few_statements import CHECK, MINUTE_MS, Counted, counted
from tests.stories.wire import WireDevice

MANY = 100


@pytest.fixture
def device(field: Field, tmp_path: Path) -> WireDevice:
    device = WireDevice(field)
    for _ in range(2):
        assert device.outcomes(device.line("temperature_check", CHECK))[0]["outcome"] == "applied"
        field.cast.clock.advance(MINUTE_MS)
    return device


def publish_many(field: Field, many: int = MANY) -> None:
    with field.app.app_context(), write() as session:
        for number in range(many):
            tx = tx_of(session, field.app.extensions["gongdi"].seals, field.cast.clock.now_ms())
            settings = {"form_id": f"round_{number}", "form_title": f"巡查 {number}"}
            publish_form(tx, tables_from_json(only_form(settings_2=settings)))


def exchanges(cast: Cast, monkeypatch: pytest.MonkeyPatch, device: WireDevice) -> list[tuple[int, int, int]]:
    """What a push of one line, one of fifty, a pull of nothing and a pull of one change take: statements, the bytes of
    their text, and the bytes that come down."""
    found = []
    cursors = {line["checkpoint"]: line["cursor"] for line in device.pull({}) if "checkpoint" in line}
    device.outcomes(device.line("temperature_check", CHECK))  # whoever looks first reads the book
    cursors |= {line["checkpoint"]: line["cursor"] for line in device.pull(cursors) if "checkpoint" in line}

    def note(counts: Counted, came: int) -> None:
        found.append((len(counts.statements), sum(map(len, counts.statements)), came))

    for many in (1, 50):
        lines = [device.line("temperature_check", CHECK) for _ in range(many)]
        with counted(cast, monkeypatch) as counts:
            assert device.push(*lines).status_code == 200
        note(counts, 0)
        cast.clock.advance(MINUTE_MS)
    cursors |= {line["checkpoint"]: line["cursor"] for line in device.pull(cursors) if "checkpoint" in line}
    with counted(cast, monkeypatch) as counts:
        came = device.pull(cursors)
    note(counts, sum(len(str(line)) for line in came))
    device.outcomes(device.line("temperature_check", CHECK))
    with counted(cast, monkeypatch) as counts:
        came = device.pull(cursors)
    assert sum("put" in line for line in came) == 1
    note(counts, sum(len(str(line)) for line in came))
    return found


def test_a_push_and_a_pull_take_what_they_took_before_and_every_form_is_there(
    field: Field, device: WireDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    tablet = field.tablet("away")
    before = exchanges(field.cast, monkeypatch, device)
    publish_many(field)
    after = exchanges(field.cast, monkeypatch, device)
    for (few, short, small), (many, long, large) in zip(before, after, strict=True):
        assert many <= few
        assert long <= short * 1.05
        assert large <= small * 1.05
    assert tablet.sync().ok
    assert len(tablet.list("form")) == MANY + len(shipped_forms())
    with field.app.app_context(), write() as session:
        compiled = rules_in_force(session).kinds.get("round_7")
        tx = tx_of(session, field.app.extensions["gongdi"].seals, field.cast.clock.now_ms())
        publish_form(tx, tables_from_json(only_form()))
    with field.app.app_context(), read() as session:
        book = rules_in_force(session).kinds
        assert book.get("round_7") is compiled  # and what was compiled of it
        assert len(book.forms) == MANY + len(shipped_forms()) + 1
