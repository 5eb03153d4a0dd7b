"""Do these keys belong to this database? It holds their fingerprints; one that predates them is tried on what is
stored."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server.actions.ops.sealed_columns import SEALED_COLUMNS, sealed_by, sealed_by_others
from server.actions.records.registers import certificate_digest, state_aad
from server.base.config import ConfigError
from server.base.db import is_postgresql
from server.base.runtime import Runtime
from server.base.seal import SEALING, KeyTrouble, SealBroken, Seals, key_name, load_seals, seal_head
from server.models.device import Device, Exchange
from server.models.entry import LogEntry
from server.models.key import KeyFingerprint, known_keys
from server.models.notice import Channel
from server.models.record import Worker
from server.models.scope import Scope
from server.models.user import User
from server.rules.keys import KeyFault, Known, key_faults
from sync_protocol.signatures import receipt_text, verify_text

_DATA = (
    User,
    Scope,
    Device,
    LogEntry,
    Channel,
)  # nothing is sealed, digested or signed before one of these is there
_UNREADABLE = "密钥文件读不出来。请检查 GONGDI_DATA_DIR 里的 keys 文件夹, 或放回备份; 在此之前不要重启。"
_CHANGED = "密钥 {name} 已被换成另一把, 与运行中的不同。请放回原来的 keys 文件夹; 在此之前不要重启。"
_OTHERS = "这些密钥打不开数据库里已有的数据 ({what})。请换回原来的 keys 文件夹或环境变量, 再启动。"


def holds_data(session: Session) -> bool:
    """Whether anything is stored that keys were needed for. A database without tables holds nothing."""
    tables = _tables(session)
    return any(
        model.__tablename__ in tables and session.scalar(sa.select(sa.literal(1)).select_from(model).limit(1))
        for model in _DATA
    )


def knows_keys(session: Session) -> bool:
    """Whether the database is at a version that remembers fingerprints."""
    return KeyFingerprint.__tablename__ in _tables(session)


def key_faults_of(session: Session, runtime: Runtime) -> list[KeyFault]:
    """What is wrong with the keys that this process holds, and with those it would start with now."""
    return [*faults_of_keys(session, runtime.seals), *_faults_of_stored(runtime)]


def faults_of_keys(session: Session, seals: Seals) -> list[KeyFault]:
    """What is wrong with these keys, by the fingerprints in the database."""
    known = {
        name: Known(row.fingerprint, row.retired_ms is not None) for name, row in known_keys(session).items()
    }
    return key_faults(known, seals.fingerprints, f"{SEALING}{seals.current_name}")


def _faults_of_stored(runtime: Runtime) -> list[KeyFault]:
    """What is wrong with the keys that this process would start with now: files that were taken away show before the
    next start does."""
    try:
        stored = load_seals(runtime.config)
    except KeyTrouble as trouble:
        return [KeyFault(trouble.code, "", trouble.detail)]
    except (ConfigError, OSError):
        return [KeyFault("keys_wrong", "", _UNREADABLE)]
    held = runtime.seals.fingerprints
    return [
        KeyFault("keys_wrong", name, _CHANGED.format(name=name))
        for name, fingerprint in sorted(stored.fingerprints.items())
        if held.get(name, fingerprint) != fingerprint
    ]


def lacks_keys(session: Session, seals: Seals) -> bool:
    """Whether a key is in use whose fingerprint the database does not know yet."""
    return not seals.fingerprints.keys() <= known_keys(session).keys()


def require_keys(session: Session, seals: Seals) -> None:
    """Raises KeyTrouble when these keys are not those of the database."""
    faults = faults_of_keys(session, seals)
    if faults:
        raise KeyTrouble(faults[0].code, " ".join(fault.detail for fault in faults))


def record_keys(session: Session, seals: Seals, now_ms: int) -> None:
    """Remember the fingerprints of these keys; those that are known stay as they are. Raises KeyTrouble when others were
    recorded meanwhile, or when data that predates fingerprints was made with others."""
    if not known_keys(session) and holds_data(session):
        _try_on_data(session, seals)
    insert = postgresql.insert if is_postgresql(session) else sqlite.insert
    rows = [
        {"name": name, "fingerprint": fingerprint, "made_ms": now_ms}
        for name, fingerprint in sorted(seals.fingerprints.items())
    ]
    session.execute(insert(KeyFingerprint).values(rows).on_conflict_do_nothing())
    session.expire_all()
    require_keys(session, seals)


def _try_on_data(session: Session, seals: Seals) -> None:
    for what in chain(_unopened(session, seals), _not_signed(session, seals), _not_digested(session, seals)):
        raise KeyTrouble("keys_wrong", _OTHERS.format(what=what))


def _unopened(session: Session, seals: Seals) -> Iterable[str]:
    """Tries one value of each key in each sealed column, of this ring's keys and of any other."""
    heads = [seal_head(key_name(name)) for name in seals.keys]
    for column in SEALED_COLUMNS:
        mine = (sealed_by(column, head) for head in heads)
        for chosen in (*mine, sealed_by_others(column, heads)):
            row = session.execute(column.rows().where(chosen).limit(1)).first()
            try:
                if row is not None:
                    seals.open(column.aad(row), row[-1])
            except SealBroken:
                yield column.name


def _not_signed(session: Session, seals: Seals) -> Iterable[str]:
    query = sa.select(Exchange).where(Exchange.receipt.is_not(None)).order_by(Exchange.at_ms.desc()).limit(1)
    exchange = session.scalar(query)
    if exchange is None or exchange.receipt is None:
        return
    streams = {name: (n, hash) for name, (n, hash) in exchange.receipt["streams"].items()}
    text = receipt_text(exchange.device_id, exchange.receipt["at"], streams)
    if not verify_text(seals.signing_key.public_key().public_bytes_raw(), text, exchange.receipt["sig"]):
        yield "exchange.receipt"


def _not_digested(session: Session, seals: Seals) -> Iterable[str]:
    worker = session.scalar(sa.select(Worker).limit(1))
    if worker is None:
        return
    state = msgspec.json.decode(seals.open(state_aad("worker", worker.id), worker.state))
    if worker.certificate_digest != certificate_digest(seals, state):
        yield "worker.certificate_digest"


def _tables(session: Session) -> set[str]:
    return set(sa.inspect(session.connection()).get_table_names())
