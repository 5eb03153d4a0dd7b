"""What comes down: nothing is skipped, a cut pull resumes, an old cursor starts again."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy.orm import Session

from server.actions.records.feed import Feed, Put
from server.base.db import write
from server.models.scope import lock_scope, renew_epochs
from sync_protocol.digest import record_digest, to_hex
from tests.server.cast import identity
from tests.stories.wire import LOG, WireDevice, records

WRITERS = 8
EACH = 12


def _checkpoint(lines: list[dict[str, object]], scope: str) -> dict[str, object]:
    return [line for line in lines if line.get("checkpoint") == scope][-1]


def test_a_pull_after_a_cursor_brings_only_what_changed(device: WireDevice) -> None:
    scope = device.field.scope
    device.outcomes(device.line())
    first = device.pull({})
    device.outcomes(device.line(body={**LOG, "place": "toilet"}))
    second = device.pull({scope: str(_checkpoint(first, scope)["cursor"])})
    assert [line["body"]["place"] for line in records(second, "disinfection_log")] == ["toilet"]


def test_count_and_digest_are_those_of_what_the_device_must_hold(device: WireDevice) -> None:
    device.outcomes(*[device.line() for _ in range(5)])
    lines = device.pull({})
    scope = device.field.scope
    held = [line for line in lines if "put" in line and line["scope"] == scope]
    last = _checkpoint(lines, scope)
    assert last["count"] == len(held)
    assert last["digest"] == to_hex(sum(record_digest(line["put"], line["id"], line["rev"]) for line in held))


def test_small_answers_resumed_give_the_same_as_one_large_one(device: WireDevice) -> None:
    device.outcomes(*[device.line() for _ in range(30)])
    whole = {line["id"] for line in device.pull({}) if "put" in line}
    cursors: dict[str, str] = {}
    seen: set[str] = set()
    for _ in range(200):
        lines = device.pull(cursors, max_bytes=900)
        seen |= {line["id"] for line in lines if "put" in line}
        cursors |= {line["checkpoint"]: line["cursor"] for line in lines if "checkpoint" in line}
        if not lines[-1]["more"]:
            break
    assert seen == whole


@pytest.mark.parametrize("cursor", ["", "garbage", "AAAA"])
def test_a_cursor_that_is_none_starts_again(device: WireDevice, cursor: str) -> None:
    assert {"reset": device.field.scope} in device.pull({device.field.scope: cursor})


def test_a_cursor_from_before_a_restored_backup_starts_again(device: WireDevice) -> None:
    scope = device.field.scope
    cursor = str(_checkpoint(device.pull({}), scope)["cursor"])
    assert {"reset": scope} not in device.pull({scope: cursor})
    with device.field.app.app_context(), write() as session:
        renew_epochs(session)
    assert {"reset": scope} in device.pull({scope: cursor})


def test_a_cursor_older_than_the_remembered_deletions_starts_again(device: WireDevice) -> None:
    scope = device.field.scope
    cursor = str(_checkpoint(device.pull({}), scope)["cursor"])
    device.outcomes(device.line())
    with device.field.app.app_context(), write() as session:
        row = lock_scope(session, device.field.cast.site_a)
        assert row is not None
        row.floor_seq = row.seq
    assert {"reset": scope} in device.pull({scope: cursor})


def test_a_change_that_commits_after_a_later_one_still_arrives(device: WireDevice) -> None:
    """Transaction A holds the scope, B has to wait: whoever takes a number first commits first."""
    app, scope_id = device.field.app, device.field.cast.site_a
    holding, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with app.app_context(), write() as session:
            _put(session, app, scope_id, "slow")
            holding.set()
            assert go_on.wait(10)

    def quick() -> None:
        with app.app_context(), write() as session:
            _put(session, app, scope_id, "quick")

    first, second = threading.Thread(target=slow), threading.Thread(target=quick)
    first.start()
    assert holding.wait(10)
    second.start()
    go_on.set()
    first.join()
    second.join()
    assert {line["id"] for line in records(device.pull({}), "site")} >= {identity("slow"), identity("quick")}


def test_no_reader_skips_a_row_under_eight_concurrent_writers(device: WireDevice) -> None:
    app, scope_id, scope = device.field.app, device.field.cast.site_a, device.field.scope
    cursors = {scope: ""}
    seen: set[str] = set()

    def work(writer: int) -> None:
        for number in range(EACH):
            with app.app_context(), write() as session:
                _put(session, app, scope_id, f"{writer}-{number}")

    threads = [threading.Thread(target=work, args=(writer,)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    while True:
        done = not any(thread.is_alive() for thread in threads)
        lines = device.pull(cursors)
        seen |= {str(line["id"]) for line in records(lines, "site")}
        cursors |= {line["checkpoint"]: line["cursor"] for line in lines if "checkpoint" in line}
        if done:
            break
    assert seen >= {identity(f"{writer}-{number}") for writer in range(WRITERS) for number in range(EACH)}


def _put(session: Session, app: object, scope_id: str, name: str) -> None:
    scope = lock_scope(session, scope_id)
    assert scope is not None
    feed = Feed(session, scope, app.extensions["gongdi"].seals, 0)  # type: ignore[attr-defined]
    feed.put([Put("site", identity(name), {"name": name})])
    feed.flush()
