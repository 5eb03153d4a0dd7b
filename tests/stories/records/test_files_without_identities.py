"""`gongdi export --csv`: what may be counted leaves as files, and nobody can be known from them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from server.actions.reference.load_reference import tx_of
from server.base.db import read
from server.base.problems import Problem
from server.models import AuditEvent, User
from server.models.access import viewer_of
from server.workflows.export_csv import Asked, columns_without_identity, export_csv
from sync_protocol.client.tablet import Tablet
from tests.stages import reach_reference
from tests.stories.field import WORKER, Field
from tests.stories.records.conftest import CLEANED

_DAYS = Asked("2026-11-01", "2026-11-30")


def _export(field: Field, folder: Path, name: str = "section") -> dict[str, list[dict[str, str]]]:
    seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
    with field.app.app_context():
        with read() as session:
            viewer = viewer_of(session, session.get_one(User, field.cast.users[name]))
        export_csv(seals, viewer, folder, _DAYS, "月度统计", now_ms)
    found = {}
    for path in folder.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            found[path.stem] = list(csv.DictReader(file))
    return found


def _measured(field: Field, tablet: Tablet) -> str:
    worker = tablet.add(field.scope, "worker", WORKER)
    check = {"worker": worker, "celsius": 36.5, "slot": "before_work", "point": "gate", "note": "周工精神好"}
    tablet.add(field.scope, "temperature_check", check)
    tablet.add(field.scope, "disinfection_log", CLEANED)
    assert tablet.sync().ok
    return worker


def test_people_have_a_pseudonym_that_is_the_same_in_every_file_and_export(
    field: Field, tmp_path: Path
) -> None:
    reach_reference(field.app)
    worker = _measured(field, field.tablet("one"))
    first, again = _export(field, tmp_path / "a"), _export(field, tmp_path / "b")
    (person,), (check,) = first["worker"], first["temperature_check"]
    assert person["id"] == check["worker"] and person["id"].startswith("p") and check["celsius"] == "36.5"
    assert first == again
    assert worker not in str(first)


def test_nothing_that_names_anybody_is_in_the_files(field: Field, tmp_path: Path) -> None:
    reach_reference(field.app)
    _measured(field, field.tablet("one"))
    _export(field, tmp_path / "a")
    text = "".join(path.read_text("utf-8") for path in (tmp_path / "a").iterdir())
    secrets: list[Any] = [WORKER[name] for name in ("name", "certificate_number", "phone", "team", "company")]
    for secret in (*secrets, "周工", "王师傅", "检查员李华"):
        assert str(secret) not in text, secret


def test_no_field_of_any_kind_leaves_that_is_typed_freely_or_masked(field: Field) -> None:
    reach_reference(field.app)
    with field.app.app_context(), read() as session:
        kinds = tx_of(session, field.app.extensions["gongdi"].seals, 0).book.kinds
    for name in kinds.kinds:
        for version in kinds.versions(name):
            masked = {one for one, policy in version.schema.privacy.items() if policy.mask}
            assert not masked & columns_without_identity(kinds, name).keys(), name
    assert "note" not in columns_without_identity(kinds, "temperature_check")
    assert "operator" not in columns_without_identity(kinds, "disinfection_log")


def test_that_it_was_done_and_why_is_kept(field: Field, tmp_path: Path) -> None:
    reach_reference(field.app)
    _export(field, tmp_path / "a")
    with field.app.app_context(), read() as session:
        deed = session.scalars(sa.select(AuditEvent).where(AuditEvent.what == "exported")).one()
    assert (deed.user_id, deed.reason) == (field.cast.users["section"], "月度统计")


def test_an_administrator_and_a_folder_in_use_are_refused(field: Field, tmp_path: Path) -> None:
    reach_reference(field.app)
    with pytest.raises(Problem) as refused:
        _export(field, tmp_path / "a", "admin")
    assert refused.value.code == "role_not_allowed"
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x").write_text("")
    with pytest.raises(Problem) as refused:
        _export(field, tmp_path / "b")
    assert refused.value.code == "folder_in_use"
