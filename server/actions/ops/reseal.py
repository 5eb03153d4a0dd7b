"""After a rotation: what is sealed with an older key is sealed again with the current one, in bounded batches that go on
where the last one ended; and an old key is retired once nothing needs it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from server.actions.ops.sealed_columns import SEALED_COLUMNS, SealedColumn, sealed_by, sealed_by_others
from server.base.db import is_postgresql
from server.base.problems import Problem
from server.base.seal import MAGIC, SEALING, SealBroken, Seals, seal_head
from server.models.key import KeyFingerprint, Resealing

PHOTOS = "media"  # the pass over the photo store, alongside those over columns
_COLUMNS = {column.name: column for column in SEALED_COLUMNS}


def keys_in_rotation() -> sa.Select[str]:
    """Names of sealing keys that are in use alongside another one, from a rotation until the old one is retired: what was
    sealed with the old one is sealed again."""
    other = aliased(KeyFingerprint)
    in_use = (
        sa.and_(key.name.startswith(SEALING, autoescape=True), key.retired_ms.is_(None))
        for key in (KeyFingerprint, other)
    )
    return sa.select(KeyFingerprint.name).join(other, KeyFingerprint.name < other.name).where(*in_use)


def is_rotating(session: Session) -> bool:
    """Whether more than one sealing key is in use."""
    return session.scalar(keys_in_rotation().limit(1)) is not None


def progress(session: Session) -> list[Resealing]:
    """How far each pass is."""
    return list(session.scalars(sa.select(Resealing).order_by(Resealing.name)))


def take_pass(session: Session, seals: Seals, names: Collection[str]) -> Resealing | None:
    """An unfinished pass among these names that no other process works on, locked; None when all are done.

    Passes towards another key than the current one begin again.
    """
    current = seals.current_name
    insert = postgresql.insert if is_postgresql(session) else sqlite.insert
    rows = [{"name": name, "key_name": current, "done": False, "failed": 0} for name in sorted(names)]
    session.execute(insert(Resealing).values(rows).on_conflict_do_nothing())
    begun = {"key_name": current, "after": None, "done": False, "failed": 0}
    session.execute(sa.update(Resealing).where(Resealing.key_name != current).values(begun))
    query = sa.select(Resealing).where(Resealing.name.in_(names), ~Resealing.done).order_by(Resealing.name)
    return session.scalar(
        query.limit(1).with_for_update(skip_locked=True), execution_options={"populate_existing": True}
    )


def reseal_rows(session: Session, seals: Seals) -> int | None:
    """One batch of one column; gives how many values were sealed again, None when nothing is left to do.

    1. The next rows by primary key are locked, without those that somebody is writing: no scheduler waits for another.
    2. Each value under an older key is opened and sealed again, where it is still the same.
    3. A pass that comes to the end begins again while anything was left over.
    """
    job = take_pass(session, seals, _COLUMNS.keys())
    if job is None:
        return None
    column = _COLUMNS[job.name]
    rows = _next_rows(session, column, job.after)
    fresh = []
    for row in rows:
        try:
            again = _sealed_again(seals, column, row)
        except SealBroken:
            job.failed += 1
            continue
        if again is not None:
            keys = {f"key_{key.key}": value for key, value in zip(column.key_columns, row, strict=False)}
            fresh.append({**keys, "old_value": row[-1], "new_value": again})
    if fresh:
        session.connection().execute(_update(column), fresh)
    if len(rows) == column.rows_at_once:
        job.after = list(rows[-1][: len(column.key_columns)])
    else:
        finish_pass(job, _left(session, seals, column) > job.failed)
    return len(fresh)


def finish_pass(job: Resealing, again: bool) -> None:
    """The pass has come to the end: it is done, or begins again because something was left over."""
    job.done, job.after = not again, None
    if again:
        job.failed = 0


def seal_what_was_plain(session: Session, seals: Seals) -> None:
    """Seal what an older version kept unsealed, and a migration left as it was: it has no keys."""
    for column in SEALED_COLUMNS:
        if not column.was_plain:
            continue
        plain = column.rows().where(sa.func.substr(column.column, 1, 1) != MAGIC)
        while rows := session.execute(plain.limit(column.rows_at_once)).all():
            fresh = []
            for row in rows:
                keys = {f"key_{key.key}": value for key, value in zip(column.key_columns, row, strict=False)}
                sealed = seals.seal(column.aad(row), row[-1])
                fresh.append({**keys, "old_value": row[-1], "new_value": sealed})
            session.connection().execute(_update(column), fresh)


def retire_key(session: Session, seals: Seals, name: str, photos_left: int, now_ms: int) -> dict[str, int]:
    """Record that nothing here needs the sealing key of this name any more. `photos_left`: what in the store is sealed
    with it. Gives what is still sealed with it, by column: then the key stays, and every pass begins again.

    Raises Problem 404 for a key that was never in use, 409 for the current one.
    """
    row = session.get(KeyFingerprint, f"{SEALING}{name}", with_for_update=True)
    if row is None:
        raise Problem("key_unknown", f"数据库不认得名为 {name} 的加密密钥。")
    if name == seals.current_name:
        raise Problem("key_in_use")
    left = {column.name: _count(session, column, seal_head(name)) for column in SEALED_COLUMNS}
    left[PHOTOS] = photos_left
    left = {where: count for where, count in left.items() if count}
    if left:
        session.execute(sa.update(Resealing).values(after=None, done=False, failed=0))
    else:
        row.retired_ms = row.retired_ms or now_ms
    return left


def _next_rows(session: Session, column: SealedColumn, after: Sequence[Any] | None) -> list[Any]:
    keys = column.key_columns
    query = column.rows().order_by(*keys).limit(column.rows_at_once)
    if after is not None:
        values = [sa.literal(value, key.type) for key, value in zip(keys, after, strict=True)]
        query = query.where(sa.tuple_(*keys) > sa.tuple_(*values))
    return list(session.execute(query.with_for_update(skip_locked=True)))


def _sealed_again(seals: Seals, column: SealedColumn, row: Any) -> bytes | None:
    """The value sealed with the current key; None when it is so already, or holds nothing to seal."""
    value = row[-1]
    if value is None or seals.is_current(value):
        return None
    aad = column.aad(row)
    return seals.seal(aad, seals.open(aad, value))


def _update(column: SealedColumn) -> sa.Update:
    same = [key == sa.bindparam(f"key_{key.key}", type_=key.type) for key in column.key_columns]
    unchanged = column.column == sa.bindparam("old_value", type_=sa.LargeBinary())
    new = {column.column.key: sa.bindparam("new_value", type_=sa.LargeBinary())}
    return sa.update(column.model.__table__).where(*same, unchanged).values(new)  # type: ignore[arg-type]


def _left(session: Session, seals: Seals, column: SealedColumn) -> int:
    chosen = sealed_by_others(column, [seal_head(seals.current_name)])
    return session.scalar(sa.select(sa.func.count()).select_from(column.model).where(chosen)) or 0


def _count(session: Session, column: SealedColumn, head: bytes) -> int:
    query = sa.select(sa.func.count()).select_from(column.model).where(sealed_by(column, head))
    return session.scalar(query) or 0
