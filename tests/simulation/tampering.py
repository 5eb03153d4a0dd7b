"""Somebody at the database itself, behind the server's back: rows changed and deleted, each of which a command must show.

What was done is undone afterwards, so that the run goes on in a world where nothing else is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.simulation.world import World

VERIFY, REBUILD = ("verify-log",), ("rebuild", "--check")


@dataclass(frozen=True)
class Tampering:
    """`find`: rows that it can be done to, by one column or two (:a, :b); `do`: statements; `shown_by`: the command."""

    name: str
    find: str
    do: tuple[str, ...]
    shown_by: tuple[str, ...] = VERIFY


_ENTRIES = "SELECT id, scope_id FROM entry WHERE scope_id IN (SELECT id FROM site)"
_FLAGS = "SELECT id, scope_id FROM flag"
_ONE = "WHERE id = :a AND scope_id = :b"
_OTHER = "FROM entry o WHERE o.hash <> entry.hash"
TAMPERINGS = (
    Tampering("a line is deleted", _ENTRIES, (f"DELETE FROM entry {_ONE}",)),
    Tampering(
        "the last line of a tablet is deleted",
        f"{_ENTRIES} AND n = (SELECT max(o.n) FROM entry o"
        " WHERE o.scope_id = entry.scope_id AND o.device_id = entry.device_id)",
        (f"DELETE FROM entry {_ONE}",),
    ),
    Tampering(
        "all lines of a tablet are deleted, and that it ever wrote",
        "SELECT DISTINCT device_id, scope_id FROM entry WHERE scope_id IN (SELECT id FROM site)",
        (
            "DELETE FROM entry WHERE device_id = :a AND scope_id = :b",
            "DELETE FROM stream WHERE device_id = :a AND scope_id = :b",
        ),
    ),
    Tampering(
        "a line is another's",
        f"{_ENTRIES} AND (SELECT count(*) FROM entry o WHERE o.hash <> entry.hash) > 0",
        (f"UPDATE entry SET raw = (SELECT o.raw {_OTHER} ORDER BY o.raw LIMIT 1) {_ONE}",),
    ),
    Tampering(
        "a hash is another's",
        f"{_ENTRIES} AND (SELECT count(*) FROM entry o WHERE o.hash <> entry.hash) > 0",
        (f"UPDATE entry SET hash = (SELECT o.hash {_OTHER} ORDER BY o.hash LIMIT 1) {_ONE}",),
    ),
    Tampering(
        "a line was received earlier",
        _ENTRIES,
        (f"UPDATE entry SET received_ms = received_ms - 3600000 {_ONE}",),
    ),
    Tampering(
        "an exchange is deleted",
        "SELECT exchange_id, scope_id FROM entry WHERE scope_id IN (SELECT id FROM site)",
        ("DELETE FROM exchange WHERE id = :a AND :b = :b",),
    ),
    Tampering(
        "a record is deleted",
        "SELECT id, scope_id FROM record WHERE kind IN ('disinfection_log', 'gate_pass', 'temperature_check')",
        (f"DELETE FROM record {_ONE}",),
        REBUILD,
    ),
    Tampering(
        "a record was made at another time",
        "SELECT id, scope_id FROM record WHERE kind IN ('disinfection_log', 'gate_pass', 'temperature_check')",
        (f"UPDATE record SET event_ms = event_ms - 7200000 {_ONE}",),
        REBUILD,
    ),
    Tampering(
        "what was not done is done",
        "SELECT id, scope_id FROM duty_window WHERE state IN ('missed', 'silent') AND duty = 'DISINFECT'",
        (f"UPDATE duty_window SET state = 'met' {_ONE}",),
    ),
    Tampering(
        "a flag is closed", f"{_FLAGS} WHERE state = 'open'", (f"UPDATE flag SET state = 'closed' {_ONE}",)
    ),
    Tampering(
        "somebody else did what was done with a flag",
        "SELECT flag_id, scope_id FROM flag_event WHERE n = 1",
        ("UPDATE flag_event SET actor = 'nobody' WHERE flag_id = :a AND scope_id = :b AND n = 1",),
    ),
    Tampering(
        "a flag was never there",
        _FLAGS,
        tuple(
            f"DELETE FROM {table} WHERE flag_id = :a AND scope_id = :b"
            for table in ("flag_step", "flag_event")
        )
        + (f"DELETE FROM flag {_ONE}",),
    ),
)


def tamper(world: World) -> None:
    """One of them, shown by its command, and undone."""
    chosen = world.rng.choice(TAMPERINGS)
    rows = sorted(world.server.sql(chosen.find))
    if not rows:
        return
    first, second = world.rng.choice(rows)
    kept: Any = world.server.database.save()
    try:
        for statement in chosen.do:
            world.server.sql(statement, a=first, b=second)
        code, _ = world.server.command(*chosen.shown_by)
    finally:
        world.server.database.restore(kept)
    if code == 0:
        world.oracle.report("tampering_not_shown", f"{chosen.name}: {first} of site {second}")
