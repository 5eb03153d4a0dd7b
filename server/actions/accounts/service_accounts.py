"""Accounts of programs of others: add and close them, hand out and revoke their keys. A key is shown once; only its hash is
kept."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from schemas.fields import UUID_PATTERN
from schemas.limits import LABEL_MAX
from server.actions.accounts.log_in import HASHER, hash_token
from server.actions.devices.refresh_watermark import refresh_watermarks_of
from server.actions.devices.revoke_device import revoke_device
from server.actions.reference.check_codes import wrong
from server.base.problems import Problem, not_found
from server.base.seal import Seals, aad_of
from server.models.access import EVERY_DISTRICT
from server.models.audit import Deed, record_deed
from server.models.device import Device
from server.models.scope import make_scope
from server.models.service import CARD, KEY_PREFIX, SYSTEM_MAX, ServiceAccount, ServiceKey
from server.models.site import Site
from server.models.tx import Tx
from server.models.user import SERVICE_ROLE, Assignment, User
from server.rules.plain_text import cleaned

GATE_PASSES, ROSTER, RECORDS, EVENTS = "gate_passes", "roster", "records", "events"
SCOPES = {
    GATE_PASSES: "写入出入记录, 收到核验结果",
    ROSTER: "读取名册 (证件遮盖), 登记卡号和平台编号",
    RECORDS: "读取记录和每日数字 (不含健康数据)",
    EVENTS: "读取事件流",
}
GATE_CLASS = "gate"  # of the device as which an account's passes are written
KEYS_MAX = 5  # in use of one account: two are needed to change over
SITES_MAX = 500
_SYSTEM = re.compile(f"[a-z][a-z0-9_-]{{0,{SYSTEM_MAX - 1}}}")
_KEY_BYTES = 32
_SHOWN = len(KEY_PREFIX) + 6  # characters of a key by which people tell it from others


@dataclass(frozen=True, slots=True)
class NewService:
    """A program to be let in. `system`: whose numbers for people it uses (empty: its own); `sites`: which it may see and
    write at; `is_everywhere`: it may see all."""

    name: str
    scopes: Sequence[str]
    sites: Sequence[Site] = ()
    is_everywhere: bool = False
    system: str = ""


@dataclass(frozen=True, slots=True)
class ShownService:
    """An account in use with its keys in use and the names of its sites."""

    account: ServiceAccount
    keys: list[ServiceKey]
    sites: list[str]
    is_everywhere: bool


def add_service(tx: Tx, new: NewService, by: str | None = None) -> tuple[ServiceAccount, str]:
    """The new account and its first key, shown this once. Raises Problem 422 and 409."""
    session, name = tx.session, cleaned(new.name)
    if not 0 < len(name) <= LABEL_MAX:
        raise wrong("name", f"名称不能为空, 最多 {LABEL_MAX} 个字。")
    taken = sa.select(ServiceAccount.id).where(
        ServiceAccount.name == name, ServiceAccount.closed_ms.is_(None)
    )
    if session.scalar(taken.limit(1)) is not None:
        raise Problem("name_taken", f"对接账号 {name} 已存在, 请换一个名称。")
    if len(new.sites) > SITES_MAX:
        raise wrong("sites", f"最多 {SITES_MAX} 个地点; 更多时请选全部地点。")
    if not new.sites and not new.is_everywhere:
        raise wrong("sites", "请写明地点, 或选全部地点。")
    user_id = str(uuid7())
    system = new.system.strip() or f"s{user_id.replace('-', '')[-12:]}"
    if _SYSTEM.fullmatch(system) is None or system == CARD:
        raise wrong("system", "系统代码用小写字母开头, 只用小写字母、数字、_ 和 -, 且不是 card。")
    user = User(id=user_id, name=f"@service-{user_id}", display_name=name, role=SERVICE_ROLE)
    user.password_hash = HASHER.hash(secrets.token_urlsafe(32))  # nobody has it
    user.active, user.made_ms = True, tx.now_ms
    user.district = EVERY_DISTRICT if new.is_everywhere else None
    session.add(user)
    session.flush()
    make_scope(session, "user", user_id)
    session.add_all(Assignment(site_id=site.id, user_id=user_id, since_ms=tx.now_ms) for site in new.sites)
    account = ServiceAccount(id=user_id, name=name, system=system, made_ms=tx.now_ms)
    session.add(account)
    session.flush()
    changes = {"sites": ("", "全部" if new.is_everywhere else "、".join(site.name for site in new.sites))}
    record_deed(session, Deed("service_added", by, name, user_id, changes), tx.now_ms)
    return account, make_key(tx, account, new.scopes, by)


def make_key(tx: Tx, account: ServiceAccount, scopes: Sequence[str], by: str | None = None) -> str:
    """Another key for an account, shown this once. The first one that may write gate passes makes the account a device.
    Raises Problem 422 and 409."""
    asked = [scope for scope in SCOPES if scope in scopes]
    if not asked or len(asked) != len(set(scopes)):
        raise wrong("scopes", f"权限应为下列一项或几项: {', '.join(SCOPES)}。")
    if len(_keys_of(tx.session, account.id)) >= KEYS_MAX:
        raise wrong("scopes", f"一个账号最多 {KEYS_MAX} 把在用的密钥, 请先作废不用的。")
    if GATE_PASSES in asked and account.device_id is None:
        _make_device(tx, account)
    key = f"{KEY_PREFIX}{secrets.token_urlsafe(_KEY_BYTES)}"
    row = ServiceKey(id=str(uuid7()), account_id=account.id, key_hash=hash_token(key), begins=key[:_SHOWN])
    row.scopes, row.made_ms = asked, tx.now_ms
    tx.session.add(row)
    changes = {"scopes": ("", "、".join(asked))}
    deed = Deed("service_keyed", by, f"{account.name} · {row.begins}…", account.id, changes)
    record_deed(tx.session, deed, tx.now_ms)
    tx.session.flush()
    return key


def revoke_key(tx: Tx, key_id: str, by: str | None = None) -> ServiceKey:
    """The key opens nothing from the next request on. Revoking twice keeps the first time. Raises Problem 404."""
    key = tx.session.get(ServiceKey, key_id, with_for_update=True)
    if key is None:
        raise not_found()
    if key.revoked_ms is None:
        key.revoked_ms = tx.now_ms
        account = tx.session.get_one(ServiceAccount, key.account_id)
        deed = Deed("service_key_revoked", by, f"{account.name} · {key.begins}…", account.id)
        record_deed(tx.session, deed, tx.now_ms)
    return key


def close_service(tx: Tx, account_id: str, by: str | None = None) -> ServiceAccount:
    """All its keys are revoked, and no watermark waits for it. What it wrote stays. Raises Problem 404."""
    account = open_service(tx.session, account_id)
    for key in _keys_of(tx.session, account.id):
        key.revoked_ms = tx.now_ms
    account.closed_ms = tx.now_ms
    user = tx.session.get_one(User, account.id)
    user.active, user.disabled_ms = False, tx.now_ms
    record_deed(tx.session, Deed("service_closed", by, account.name, account.id), tx.now_ms)
    tx.session.flush()
    if account.device_id is not None:
        revoke_device(tx.session, account.device_id, tx.now_ms, by, "对接账号停用")
    refresh_watermarks_of(tx.session, account.id, tx.now_ms)
    return account


def open_service(session: Session, named: str) -> ServiceAccount:
    """The account in use of this id or name. Raises Problem 404."""
    is_id = re.fullmatch(UUID_PATTERN, named) is not None
    is_named = ServiceAccount.id == named if is_id else ServiceAccount.name == named
    found = session.scalar(sa.select(ServiceAccount).where(is_named, ServiceAccount.closed_ms.is_(None)))
    if found is None:
        raise not_found()
    return found


def list_services(session: Session) -> list[ShownService]:
    """Those in use, by name. A few statements."""
    query = sa.select(ServiceAccount, User.district).join(User, User.id == ServiceAccount.id)
    rows = session.execute(
        query.where(ServiceAccount.closed_ms.is_(None)).order_by(ServiceAccount.name)
    ).all()
    ids = [account.id for account, _ in rows]
    keys: dict[str, list[ServiceKey]] = {account_id: [] for account_id in ids}
    in_use = sa.select(ServiceKey).where(ServiceKey.account_id.in_(ids), ServiceKey.revoked_ms.is_(None))
    for key in session.scalars(in_use.order_by(ServiceKey.made_ms, ServiceKey.id)):
        keys[key.account_id].append(key)
    sites: dict[str, list[str]] = {account_id: [] for account_id in ids}
    named = sa.select(Assignment.user_id, Site.name).join(Site, Site.id == Assignment.site_id)
    named = named.where(Assignment.user_id.in_(ids), Assignment.ended_ms.is_(None))
    for user_id, name in session.execute(named.order_by(Site.name, Site.id)):
        sites[user_id].append(name)
    return [
        ShownService(account, keys[account.id], sites[account.id], district == EVERY_DISTRICT)
        for account, district in rows
    ]


def key_of_service(seals: Seals, account: ServiceAccount) -> Ed25519PrivateKey:
    """The key under which its gate passes are written."""
    assert account.key is not None, "the account may write gate passes"
    return Ed25519PrivateKey.from_private_bytes(seals.open(service_key_aad(account.id), account.key))


def service_key_aad(account_id: str) -> bytes:
    """The additional data (AAD) that an account's sealed key is bound to."""
    return aad_of("service_account", account_id, "key")


def _make_device(tx: Tx, account: ServiceAccount) -> None:
    key = Ed25519PrivateKey.generate()
    device = Device(
        id=str(uuid7()), user_id=account.id, name=account.name, platform=account.system, state="active"
    )
    device.device_class, device.public_key = GATE_CLASS, key.public_key().public_bytes_raw()
    device.token_hash = hash_token(secrets.token_urlsafe(32))  # nobody has it: only the server writes for it
    device.enrolled_ms = device.seen_ms = tx.now_ms
    tx.session.add(device)
    tx.session.flush()
    account.device_id = device.id
    account.key = tx.seals.seal(service_key_aad(account.id), key.private_bytes_raw())


def _keys_of(session: Session, account_id: str) -> list[ServiceKey]:
    query = sa.select(ServiceKey).where(ServiceKey.account_id == account_id, ServiceKey.revoked_ms.is_(None))
    return list(session.scalars(query))
