"""A site whose lock does not come in time answers `retry`; the push's other sites are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from server.actions.sync import accept_push
from server.base.db import db, write
from server.models import Assignment, Scope
from tests.server.cast import NOW_MS, Cast
from tests.stories.field import Field
from tests.stories.wire import WireDevice

# On SQLite one lock holds for all sites: a push waits for it before anything is known of its scopes.
pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def impatient(driver: Any, _record: Any) -> None:
    driver.execute("SET lock_timeout = '200ms'")
    driver.commit()


def test_one_site_is_busy_and_the_other_is_kept(cast: Cast, tmp_path: Path) -> None:
    other = f"site:{cast.site_b}"
    with cast.app.app_context(), write() as session:
        session.add(Assignment(site_id=cast.site_b, user_id=cast.users["inspector"], since_ms=NOW_MS))
    device = WireDevice(Field(cast, tmp_path))
    lines = [device.line(), device.line(scope=other)]
    with cast.app.app_context():
        db.engine.dispose()
        sa.event.listen(db.engine, "connect", impatient)
        with db.engine.begin() as holder:
            busy = sa.select(Scope.scope_id).where(Scope.scope_id == cast.site_b).with_for_update()
            holder.execute(busy)
            assert [one["outcome"] for one in device.outcomes(*lines)] == ["applied", "retry"]
    assert [one["outcome"] for one in device.outcomes(*lines)] == ["duplicate", "applied"]


def test_a_site_that_is_assigned_while_a_push_waits_is_not_written_without_its_lock(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a push does not hold locked, others may change at the same time."""
    other = f"site:{cast.site_b}"
    device = WireDevice(Field(cast, tmp_path))
    lines = [device.line(), device.line(scope=other)]
    lock_sender = accept_push.lock_sender

    def assigned_meanwhile(*given: Any) -> Any:
        unlocked = lock_sender(*given)
        with db.engine.begin() as office:
            row = {"site_id": cast.site_b, "user_id": cast.users["inspector"], "since_ms": NOW_MS}
            office.execute(sa.insert(Assignment).values(**row))
        return unlocked

    with monkeypatch.context() as patch:
        patch.setattr(accept_push, "lock_sender", assigned_meanwhile)
        assert [one["outcome"] for one in device.outcomes(*lines)] == ["applied", "retry"]
    assert [one["outcome"] for one in device.outcomes(*lines)] == ["duplicate", "applied"]
