"""Log in, stay logged in, log out.

Three steps, so that a wrong try is counted whatever happens afterwards and no transaction waits for Argon2:
`begin_log_in` counts the try (the endpoint commits it), `check_password` works without the database,
`finish_log_in` uncounts the try and makes the token.
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session

from server.actions.accounts.limit_rate import limit_rate, tally_key
from server.actions.accounts.stand_ins import standing_in
from server.base.problems import Problem
from server.models.access import Viewer, viewer_of
from server.models.audit import Deed, record_deed
from server.models.user import LoginToken, User, count_down, forget_tally, user_named, user_of_token

TRIES_PER_NAME = 5
TRIES_PER_ADDRESS = 50  # an office shares one address
PERIOD_MS = 15 * 60 * 1000
SESSION_MS = 12 * 3600 * 1000  # a working day
NAME_CHARS_MAX = 64
PASSWORD_CHARS_MAX = 200

# RFC 9106 and OWASP: 19 MiB, two passes, one lane; about 30 ms, and no threads times 64 MiB of memory.
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_NOBODY = HASHER.hash(secrets.token_urlsafe(16))


@dataclass(frozen=True, slots=True)
class Attempt:
    """A counted try. `user_id` is None when nobody has that name; the password is checked all the same."""

    user_id: str | None
    password_hash: str
    keys: tuple[str, ...]  # under which it is counted: the name, the address, or the browser


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A fresh session: its bearer token (shown once, stored hashed) and who it is."""

    token: str
    expires_ms: int
    viewer: Viewer


def begin_log_in(
    session: Session, name: str, address: str, now_ms: int, known_browser: str | None = None
) -> Attempt:
    """Count this try by name and by client address; in a browser in which the name has logged in before by that browser
    alone, so that nobody is locked out by what others mistype. Raises Problem 429 when there were too many; commit it
    before looking at the password. Parallel tries count too, because counting comes first."""
    name = normal_name(name)
    limits = {f"login address|{address}": TRIES_PER_ADDRESS, f"login name|{name}": TRIES_PER_NAME}
    if known_browser is not None:
        limits = {f"login browser|{known_browser}": TRIES_PER_NAME}
    for key, most in limits.items():
        limit_rate(session, key, most, PERIOD_MS, now_ms)
    keys = tuple(limits)
    user = user_named(session, name) if name.isprintable() and len(name) <= NAME_CHARS_MAX else None
    if user is None or not user.active:
        return Attempt(None, _NOBODY, keys)
    return Attempt(user.id, user.password_hash, keys)


def check_password(attempt: Attempt, password: str) -> None:
    """Raises Problem 401 when the name or the password is wrong; takes as long for a name that nobody has."""
    try:
        HASHER.verify(attempt.password_hash, password)
    except (VerificationError, InvalidHashError) as error:
        raise wrong_log_in() from error
    if attempt.user_id is None:
        raise wrong_log_in()


def finish_log_in(session: Session, attempt: Attempt, password: str, now_ms: int) -> LoggedIn:
    """Uncount the try and open a session. Raises Problem 401 when the user was disabled or the password changed meanwhile,
    or a one-time password is over."""
    user = session.get(User, attempt.user_id)
    if user is None or not user.active or user.password_hash != attempt.password_hash:
        raise wrong_log_in()
    if user.one_time_until_ms is not None and user.one_time_until_ms <= now_ms:
        raise Problem("one_time_password_over")
    for key in attempt.keys:  # an address is shared: only this one of its tries is uncounted
        (count_down if key.startswith("login address|") else forget_tally)(session, tally_key(key))
    if HASHER.check_needs_rehash(user.password_hash):
        user.password_hash = HASHER.hash(password)
    return open_session(session, user, now_ms)


def open_session(session: Session, user: User, now_ms: int) -> LoggedIn:
    """A new session of somebody who has shown who they are; their expired ones are deleted."""
    session.execute(
        sa.delete(LoginToken).where(LoginToken.user_id == user.id, LoginToken.expires_ms <= now_ms)
    )
    token, expires_ms = secrets.token_urlsafe(32), now_ms + SESSION_MS
    session.add(
        LoginToken(token_hash=hash_token(token), user_id=user.id, made_ms=now_ms, expires_ms=expires_ms)
    )
    record_deed(session, Deed("logged_in", user.id, user.name, user.id), now_ms)
    return LoggedIn(token, expires_ms, viewer_of(session, user))


def viewer_by_token(session: Session, token: str, now_ms: int) -> Viewer | None:
    """Who holds this token, while it is valid and the user active."""
    user = user_of_token(session, hash_token(token), now_ms)
    return None if user is None else standing_in(session, viewer_of(session, user), now_ms)


def log_out(session: Session, token: str) -> None:
    """End the session of this token; an unknown one is no error."""
    session.execute(sa.delete(LoginToken).where(LoginToken.token_hash == hash_token(token)))


def normal_name(name: str) -> str:
    """A log-in name as it is stored: trimmed, in Unicode's composed form."""
    return unicodedata.normalize("NFC", name.strip())


def hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def wrong_log_in() -> Problem:
    detail = "用户名或密码不正确。连续输错会暂时锁定。"
    return Problem("login_failed", detail).with_header("WWW-Authenticate", "Bearer")
