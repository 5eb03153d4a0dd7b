"""Enrolment codes: how an administrator lets a tablet enrol.

A code is `ABCD-EFGHJ-KLMNP` in Crockford's base32: four public characters that name it, ten secret ones (50
bits). It is stored hashed, valid for ten minutes, used once, and invalid after five wrong tries from anyone
who knows its public half.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from server.actions.notices.enqueue import enqueue_for_admins
from server.base.problems import Problem
from server.models.audit import Deed, record_deed
from server.models.device import EnrolCode
from server.models.user import User

TABLET = "tablet"
LIFE_MS = 10 * 60 * 1000
TRIES_MAX = 5
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PREFIX_CHARS = 4
_SECRET_CHARS = 10
_MISREAD = str.maketrans(
    {"O": "0", "I": "1", "L": "1", "-": None, " ": None}
)  # as Crockford reads what people type


def make_code(
    session: Session,
    user: User,
    now_ms: int,
    device_class: str = TABLET,
    classes: Collection[str] = (TABLET,),
    by: str | None = None,
) -> str:
    """A new code for this inspector's next device of a class; an older unused one stops working. `classes`: those that
    there are; `by`: whoever makes it at a page. Raises Problem 409 for another role: only inspectors carry tablets; 422
    for another class."""
    if device_class not in classes:
        raise Problem("unknown_device_class", f"设备种类只能是: {', '.join(sorted(classes))}。")
    if user.role != "inspector" or not user.active:
        raise Problem("not_an_inspector")
    session.execute(sa.delete(EnrolCode).where(EnrolCode.user_id == user.id, EnrolCode.used_ms.is_(None)))
    prefix = _free_prefix(session, now_ms)
    secret = _random(_SECRET_CHARS)
    made = EnrolCode(
        code_hash=_hash(prefix + secret),
        prefix=prefix,
        user_id=user.id,
        device_class=device_class,
        made_ms=now_ms,
        expires_ms=now_ms + LIFE_MS,
        tries=0,
        used_ms=None,
    )
    session.add(made)
    session.flush()
    record_deed(session, Deed("code_made", by, f"{user.display_name} · {device_class}", user.id), now_ms)
    half = _SECRET_CHARS // 2
    return f"{prefix}-{secret[:half]}-{secret[half:]}"


def code_link(code: str, address: str) -> str:
    """What a tablet opens at the server of this address. The code is in the fragment, which browsers never send: it cannot
    end up in a log."""
    return f"{address}/field/#code={code}"


def redeem_code(session: Session, code: str, now_ms: int) -> tuple[User, str] | None:
    """The user whom this code enrols and the class of the device, or None. Commit in both cases: a wrong try counts.

    Two conditional updates instead of locks: of two that race with the right code, one changes the row.
    """
    plain = _normal(code)
    if plain is None:
        return None
    usable = sa.and_(EnrolCode.used_ms.is_(None), EnrolCode.tries < TRIES_MAX, EnrolCode.expires_ms > now_ms)
    hashed = _hash(plain)
    taken = session.execute(
        sa.update(EnrolCode).where(EnrolCode.code_hash == hashed, usable).values(used_ms=now_ms)
    )
    if _changed(taken):
        known = sa.select(EnrolCode.user_id, EnrolCode.device_class).where(EnrolCode.code_hash == hashed)
        user_id, device_class = session.execute(known).one()
        user = session.get(User, user_id)
        return (user, device_class) if user is not None and user.active else None
    wrong = sa.update(EnrolCode).where(EnrolCode.prefix == plain[:_PREFIX_CHARS], usable)
    counted = wrong.values(tries=EnrolCode.tries + 1).returning(EnrolCode.code_hash, EnrolCode.tries)
    for code_hash, tries in session.execute(counted, execution_options={"synchronize_session": False}):
        if tries == TRIES_MAX:
            enqueue_for_admins(session, "code_burned", code_hash.hex()[:32], now_ms)
    return None


def _free_prefix(session: Session, now_ms: int) -> str:
    """A public half that no valid code has, so that wrong tries end one code only."""
    while True:
        prefix = _random(_PREFIX_CHARS)
        living = sa.select(EnrolCode.prefix).where(EnrolCode.prefix == prefix, EnrolCode.expires_ms > now_ms)
        if session.scalar(living) is None:
            return prefix


def _normal(code: str) -> str | None:
    """The code's 14 characters, or None for text that no code can be."""
    plain = code[:64].upper().translate(_MISREAD)
    fits = len(plain) == _PREFIX_CHARS + _SECRET_CHARS and set(plain) <= set(_ALPHABET)
    return plain if fits else None


def _random(chars: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(chars))


def _hash(plain: str) -> bytes:
    return hashlib.sha256(plain.encode("utf-8", "replace")).digest()


def _changed(result: sa.Result[tuple[()]]) -> bool:
    return isinstance(result, CursorResult) and result.rowcount == 1
