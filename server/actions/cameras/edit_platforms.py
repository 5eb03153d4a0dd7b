"""Add, close and key the platforms that report on cameras. Each is a device of ours: what it says is written under its own
key, in a chain of its own for each site."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from schemas.fields import UUID_PATTERN
from schemas.limits import LABEL_MAX
from server.actions.devices.authenticate_device import hash_token
from server.actions.forms.append_line import OWN_USER, make_own_user
from server.actions.reference.check_codes import wrong
from server.base.problems import Problem, not_found
from server.base.seal import Seals, aad_of
from server.base.webhook_signature import SECRET_PREFIX
from server.models.audit import Deed, record_deed
from server.models.camera import PLATFORM_CLASS, Camera, Platform
from server.models.device import Device
from server.models.tx import Tx
from server.rules.calendar import local_date_of
from server.rules.camera_adapters import MQTT, WEBHOOK, Adapter, adapter_of
from server.rules.plain_text import cleaned

NOUN = "camera_adapters"
ADDRESS_MAX = 300
SECRET_MAX = 200
_SECRET_BYTES = 32
_ADDRESS_WORDS = "地址应写成 https://主机:端口/路径, 不带用户名、密码和问号后的参数; 密钥另填。"
_BROKER_WORDS = "地址应写成 mqtts://主机:端口 (TLS) 或 mqtt://主机:端口, 不带用户名和密码; 密钥另填。"


@dataclass(frozen=True, slots=True)
class NewPlatform:
    """A platform to be entered. `address`: what is asked, of one that is polled; the broker, of one by MQTT. `secret`: its
    key for us (by MQTT user name and password, a colon between); of one that calls us one is made where none is given."""

    name: str
    adapter: str
    address: str = ""
    secret: str = ""


def add_platform(tx: Tx, new: NewPlatform, by: str | None = None) -> tuple[Platform, str]:
    """The new platform, and the secret with which it has to sign, shown this once ("" where it is asked by us). Raises
    Problem 422 and 409."""
    session, now_ms = tx.session, tx.now_ms
    name, adapter = cleaned(new.name), known_adapter(tx, new.adapter)
    if not 0 < len(name) <= LABEL_MAX:
        raise wrong("name", f"名称不能为空, 最多 {LABEL_MAX} 个字。")
    taken = sa.select(Platform.id).where(Platform.name == name, Platform.to_ms.is_(None))
    if session.scalar(taken.limit(1)) is not None:
        raise Problem("name_taken", f"监控平台 {name} 已存在, 请换一个名称。")
    address = _address(adapter, new.address)
    key, secret = Ed25519PrivateKey.generate(), _secret(adapter, new.secret)
    make_own_user(session, now_ms)
    device = Device(id=str(uuid7()), user_id=OWN_USER, name=name, platform=new.adapter, state="active")
    device.device_class, device.public_key = PLATFORM_CLASS, key.public_key().public_bytes_raw()
    device.token_hash = hash_token(secrets.token_urlsafe(32))  # nobody has it: only the server writes for it
    device.enrolled_ms = device.seen_ms = now_ms
    session.add(device)
    session.flush()
    platform = Platform(id=device.id, name=name, adapter=new.adapter, address=address, problem="")
    platform.key = tx.seals.seal(key_aad(device.id), key.private_bytes_raw())
    platform.secret = tx.seals.seal(secret_aad(device.id), secret.encode()) if secret else None
    platform.from_ms, platform.next_ms = now_ms, None if adapter.transport == WEBHOOK else now_ms
    session.add(platform)
    record_deed(
        session, Deed("platform_added", by, name, platform.id, {"adapter": ("", new.adapter)}), now_ms
    )
    session.flush()
    return platform, secret if adapter.transport == WEBHOOK else ""


def renew_secret(tx: Tx, platform_id: str, secret: str = "", by: str | None = None) -> str:
    """Another secret from now on; gives it where it was made here. Raises Problem 404 and 422."""
    platform = open_platform(tx.session, platform_id)
    adapter = known_adapter(tx, platform.adapter)
    fresh = _secret(adapter, secret)
    platform.secret = tx.seals.seal(secret_aad(platform.id), fresh.encode()) if fresh else None
    record_deed(tx.session, Deed("platform_keyed", by, platform.name, platform.id), tx.now_ms)
    return fresh if adapter.transport == WEBHOOK else ""


def close_platform(tx: Tx, platform_id: str, by: str | None = None) -> Platform:
    """The platform is asked and heard no more. Raises Problem 404, and 422 while cameras of it are in use."""
    platform = open_platform(tx.session, platform_id)
    query = sa.select(sa.func.count()).where(Camera.platform_id == platform.id, Camera.to_ms.is_(None))
    in_use = tx.session.scalar(query) or 0
    if in_use:
        raise wrong("platform", f"还有 {in_use} 个摄像机由它上报, 请先停用。")
    platform.to_ms, platform.next_ms, platform.secret = tx.now_ms, None, None
    record_deed(tx.session, Deed("platform_closed", by, platform.name, platform.id), tx.now_ms)
    return platform


def open_platform(session: Session, named: str) -> Platform:
    """The platform in use of this id or name. Raises Problem 404."""
    is_named = Platform.id == named if is_id(named) else Platform.name == named
    found = session.scalar(sa.select(Platform).where(is_named, Platform.to_ms.is_(None)))
    if found is None:
        raise not_found()
    return found


def is_id(text: str) -> bool:
    """Whether somebody who may give an id or a name has given an id."""
    return re.fullmatch(UUID_PATTERN, text) is not None


def list_platforms(session: Session) -> list[Platform]:
    """Those in use, by name; secrets stay sealed."""
    query = sa.select(Platform).where(Platform.to_ms.is_(None))
    return list(session.scalars(query.order_by(Platform.name)))


def known_adapter(tx: Tx, code: str) -> Adapter:
    """Raises Problem 422 for an adapter that is not in force."""
    found = adapter_of(tx.book.rows.get(NOUN, ()), code, local_date_of(tx.now_ms))
    if found is None:
        codes = "、".join(sorted({str(row["code"]) for row in tx.book.rows.get(NOUN, ())}))
        raise wrong("adapter", f"没有接入方式 {code}, 可用的有: {codes or '无'}。")
    return found


def secret_of(seals: Seals, platform: Platform) -> str:
    """What proves us to a platform, or it to us; empty for none."""
    return "" if platform.secret is None else seals.open(secret_aad(platform.id), platform.secret).decode()


def key_of_platform(seals: Seals, platform: Platform) -> Ed25519PrivateKey:
    """The key under which its reports are written."""
    return Ed25519PrivateKey.from_private_bytes(seals.open(key_aad(platform.id), platform.key))


def secret_aad(platform_id: str) -> bytes:
    """The additional data (AAD) that a platform's sealed secret is bound to."""
    return aad_of("platform", platform_id, "secret")


def key_aad(platform_id: str) -> bytes:
    """The same of its sealed key."""
    return aad_of("platform", platform_id, "key")


def _address(adapter: Adapter, text: str) -> str:
    """An address without a name, a password or a query in it: what is secret is sealed, and never in a URL."""
    text = text.strip().rstrip("/")
    is_broker = adapter.transport == MQTT
    if adapter.transport == WEBHOOK:
        if text:
            raise wrong("address", "主动推送的平台不用填地址。")
        return ""
    if is_broker and "://" not in text:
        text = f"mqtt://{text}"
    parts = urlsplit(text)
    schemes = ("mqtt", "mqtts") if is_broker else ("http", "https")
    try:
        is_plain = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_plain = False
    is_plain = is_plain and not (is_broker and parts.path)
    if not is_plain or "@" in parts.netloc or parts.query or parts.fragment or len(text) > ADDRESS_MAX:
        raise wrong("address", _BROKER_WORDS if is_broker else _ADDRESS_WORDS)
    return text


def _secret(adapter: Adapter, text: str) -> str:
    text = text.strip()
    if len(text) > SECRET_MAX or not text.isprintable():
        raise wrong("secret", f"密钥最多 {SECRET_MAX} 个字符, 不能有换行。")
    if adapter.transport == MQTT and text and not text.partition(":")[0]:
        raise wrong("secret", "MQTT 的密钥应写成 用户名:密码; 代理不要求时不填。")
    if adapter.transport != WEBHOOK:
        return text
    if not text:
        return f"{SECRET_PREFIX}{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"
    try:
        is_long = len(base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)) >= 24
    except ValueError:
        is_long = False
    if not is_long:
        raise wrong("secret", "推送的密钥应为 whsec_ 加至少 24 字节的 Base64; 不填则自动生成。")
    return text
