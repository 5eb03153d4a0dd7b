"""An entry of a form that the server does not know is kept, and judged again when that version is published."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from schemas.forms.tables import tables_from_json
from server.actions.forms.publish_form import publish_form
from server.actions.questions.settle_questions import settle_refused
from server.actions.reference.load_reference import rules_in_force, tx_of
from server.actions.sync.read_push import read_lines
from server.base.db import read, write
from server.models import HeldEntry, LogEntry, MediaPromise, Quarantine, Record, User
from server.models.access import viewer_of
from server.workflows.scheduler import tick
from sync_protocol.client import outbox
from sync_protocol.client.tablet import Tablet
from sync_protocol.entry import read_entry
from tests.stories.field import Field
from tests.stories.forms.conftest import Run
from tests.stories.forms.workbooks import as_json, only_form

ROUND = {"place": "pond", "look": "clear", "minutes": 7}


def write_by(tablet: Tablet, version: int | None, body: dict[str, Any] = ROUND, **more: Any) -> str:
    """An entry of `pond_round` as a tablet writes it that has a form which this server does not know."""
    draft = tablet._addition(more.pop("scope"), "pond_round", body, None)
    return outbox.append(tablet._store, replace(draft, form=version, **more))


def publish(field: Field, version: int = 1, **changes: Any) -> None:
    with field.app.app_context(), write() as session:
        tx = tx_of(session, field.app.extensions["gongdi"].seals, field.cast.clock.now_ms())
        publish_form(tx, tables_from_json(only_form(version, **changes)))


def outcome_of(field: Field, entry: str) -> tuple[str, str | None, int | None]:
    with field.app.app_context(), read() as session:
        row = session.get_one(LogEntry, (field.cast.site_a, entry))
        return row.outcome, row.code, row.form


@pytest.mark.parametrize("version", [None, 1, 2])
def test_what_names_no_form_that_is_known_is_refused_and_kept(field: Field, version: int | None) -> None:
    publish(field, 3)
    tablet = field.tablet("first")
    entry = write_by(tablet, version, scope=field.scope)
    tablet.sync()
    assert [(one.id, one.code) for one in tablet.refused()] == [(entry, "unknown_form")]
    with field.app.app_context(), read() as session:
        kept = session.scalars(sa.select(Quarantine).where(Quarantine.entry_id == entry)).one()
        assert (kept.code, kept.state) == ("unknown_form", "open")


def test_publishing_lets_it_take_effect_and_the_tablet_learns_it_by_pull(
    field: Field, run: Run, tmp_path: Path
) -> None:
    tablet = field.tablet("first")
    entry = write_by(tablet, 1, scope=field.scope)
    photo = {"sha256": "a" * 64, "bytes": 5, "type": "image/jpeg"}
    other = write_by(tablet, 1, scope=field.scope, media=(photo,))
    tablet.sync()
    assert len(tablet.refused()) == 2
    done = run("form", "publish", str(as_json(tmp_path / "form.json", only_form())))
    assert done.exit_code == 0 and "已重新处理: 2 条" in done.output
    assert outcome_of(field, entry) == ("applied", None, 1)
    assert tablet.sync().ok
    assert tablet.refused() == []
    assert {item.id for item in tablet.list("pond_round")} == {entry, other}
    with field.app.app_context(), read() as session:
        assert session.scalar(sa.select(Quarantine.state).where(Quarantine.entry_id == entry)) == "applied"
        assert session.scalars(sa.select(MediaPromise.entry_id)).all() == [other]
    for command in (("verify-log",), ("rebuild", "--check")):
        assert run(*command).exit_code == 0


def test_the_next_tick_judges_what_publishing_left(field: Field) -> None:
    tablet = field.tablet("first")
    entry = write_by(tablet, 1, scope=field.scope)
    tablet.sync()
    publish(field)  # and the process ends here
    assert outcome_of(field, entry)[0] == "refused"
    assert tick(field.app, field.cast.clock.now_ms())["forms"] == {"done": 1, "failed": 0}
    assert outcome_of(field, entry)[0] == "applied"
    assert tick(field.app, field.cast.clock.now_ms())["forms"] == {}


def test_what_names_or_needs_an_entry_that_still_waits_is_held(field: Field) -> None:
    tablet = field.tablet("first")
    target = write_by(tablet, 2, scope=field.scope)
    amending = write_by(tablet, 1, scope=field.scope, act="amend", amends=target)
    needing = write_by(tablet, 1, scope=field.scope, needs=(target,))
    tablet.sync()
    publish(field)
    tick(field.app, field.cast.clock.now_ms())
    assert [outcome_of(field, one)[0] for one in (target, amending, needing)] == ["refused", "held", "held"]
    publish(field, 2)
    tick(field.app, field.cast.clock.now_ms())
    assert [outcome_of(field, one)[0] for one in (target, amending, needing)] == ["applied"] * 3
    with field.app.app_context(), read() as session:
        assert session.scalars(sa.select(HeldEntry)).all() == []


def test_entries_of_a_device_are_judged_in_the_order_in_which_it_wrote_them(field: Field) -> None:
    tablet = field.tablet("first")
    first = write_by(tablet, 1, scope=field.scope)
    second = write_by(tablet, 1, scope=field.scope, act="amend", amends=first)
    tablet.sync()
    publish(field)
    tick(field.app, field.cast.clock.now_ms())
    with field.app.app_context(), read() as session:
        corrected = session.get_one(Record, (field.cast.site_a, first))
        assert (corrected.rev, corrected.counts) == (2, False)
        assert session.get_one(LogEntry, (field.cast.site_a, second)).outcome == "applied"


def test_what_a_user_replaced_meanwhile_stays_so(field: Field) -> None:
    tablet = field.tablet("first")
    entry = write_by(tablet, 1, scope=field.scope)
    tablet.sync()
    with field.app.app_context(), write() as session:
        kept = session.scalars(sa.select(Quarantine).where(Quarantine.entry_id == entry)).one()
        viewer = viewer_of(session, session.get_one(User, field.cast.users["section"]))
        tx = tx_of(session, field.app.extensions["gongdi"].seals, field.cast.clock.now_ms())
        settle_refused(tx, viewer, kept.id, "mended", "已重新录入")
    publish(field)
    tick(field.app, field.cast.clock.now_ms())
    assert outcome_of(field, entry) == ("refused", "unknown_form", 1)


def test_one_that_is_wrong_by_its_form_stays_in_quarantine_and_says_why(field: Field) -> None:
    tablet = field.tablet("first")
    entry = write_by(tablet, 1, {**ROUND, "look": "dry"}, scope=field.scope)
    tablet.sync()
    publish(field)
    tick(field.app, field.cast.clock.now_ms())
    assert outcome_of(field, entry) == ("refused", "body_invalid", 1)
    with field.app.app_context(), read() as session:
        kept = session.scalars(sa.select(Quarantine).where(Quarantine.entry_id == entry)).one()
        assert (kept.code, kept.state, list(kept.errors)) == ("body_invalid", "open", ["/body/look"])


def test_a_version_is_accepted_for_good_and_each_line_keeps_its_own(field: Field) -> None:
    publish(field)
    tablet = field.tablet("first")
    first = tablet.add(field.scope, "pond_round", ROUND)
    publish(field, 2, choices_6={"list_name": "look", "name": "dry", "label::中文 (zh)": "干涸"})
    second = write_by(tablet, 1, scope=field.scope)
    assert tablet.sync().ok
    third = tablet.add(field.scope, "pond_round", {**ROUND, "look": "dry"})
    assert tablet.sync().ok and tablet.refused() == []
    assert [outcome_of(field, one)[2] for one in (first, second, third)] == [1, 1, 2]


def test_a_client_of_2026_1_can_name_no_form(field: Field) -> None:
    publish(field)
    tablet = field.tablet("first")
    entry = tablet.add(field.scope, "pond_round", ROUND)
    raw = bytes(tablet._store.sql.execute("SELECT line FROM outbox WHERE id = ?", (entry,)).fetchone()[0])
    assert read_entry(raw).form == 1
    with field.app.app_context(), read() as session:
        kinds = rules_in_force(session).kinds
    (old,), (new,) = (read_lines([raw], kinds, schema) for schema in ("2026.1", "2026.2"))
    assert (old.code, list(old.errors)) == ("unreadable", ["/form"])
    assert new.code is None
