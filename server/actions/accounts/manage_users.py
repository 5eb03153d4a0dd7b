"""Create users, set their passwords, change what they may see, disable and enable them."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from schemas.certificates import PROBLEMS, company_problem
from server.actions.accounts.log_in import HASHER, NAME_CHARS_MAX, PASSWORD_CHARS_MAX, normal_name
from server.actions.devices.refresh_watermark import refresh_watermarks_of
from server.actions.reference.check_codes import check_codes, wrong
from server.base.problems import Problem
from server.models.audit import Deed, record_deed
from server.models.device import OWN_CLASS, Device
from server.models.scope import make_scope
from server.models.user import ADMIN, NO_PEOPLE, OFFICIALS, ROLES, LoginToken, User, user_named
from server.rules.calendar import DAY_MS
from server.rules.passwords import is_guessable
from server.rules.plain_text import cleaned

PASSWORD_CHARS_MIN = 8
ONE_TIME_MS = 7 * DAY_MS  # a password on a slip of paper
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that is misread
_GROUPS, _GROUP_CHARS = 3, 4
_NAME = re.compile(r"[\w.·@-]+", re.UNICODE)
_DISTRICTS = re.compile(r"\d{6}(\d{3})?(,\d{6}(\d{3})?)*")


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to be created. `district`: codes joined by commas; empty, every district. `one_time`: the password was made up
    and must be changed at the first log-in."""

    name: str
    role: str
    password: str
    display_name: str = ""
    unit: str | None = None
    company: str | None = None
    district: str | None = None
    one_time: bool = False


@dataclass(frozen=True, slots=True)
class UserChange:
    """What of a user is to be otherwise. The role and the log-in name stay."""

    display_name: str
    unit: str | None = None
    company: str | None = None
    district: str | None = None


def one_time_password() -> str:
    """A password for a slip of paper: nobody can guess it, everybody can type it."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_CHARS)) for _ in range(_GROUPS))
    return "-".join(groups)


def add_user(session: Session, new: NewUser, now_ms: int, by: str | None = None) -> User:
    """The new user, and its scope for assignments. `by`: whoever adds it at a page. Raises Problem 422 or 409 (the name is
    taken)."""
    name = normal_name(new.name)
    _check(session, new, name, now_ms)
    user = User(
        id=str(uuid7()),
        name=name,
        display_name=new.display_name.strip() or name,
        role=new.role,
        unit=new.unit,
        company=new.company,
        district=new.district or None,
        password_hash=HASHER.hash(new.password),
        one_time_until_ms=now_ms + ONE_TIME_MS if new.one_time else None,
        active=True,
        made_ms=now_ms,
    )
    try:
        with session.begin_nested():
            session.add(user)
    except IntegrityError as error:
        raise Problem("name_taken", f"用户 {name} 已存在, 请换一个用户名。") from error
    make_scope(session, "user", user.id)
    record_deed(session, Deed("user_added", by, name, user.id, {"role": (None, user.role)}), now_ms)
    return user


def list_users(session: Session) -> list[User]:
    query = sa.select(User).where(User.role.not_in(NO_PEOPLE))
    return list(session.scalars(query.order_by(User.role, User.name)))


def find_user(session: Session, name: str) -> User:
    """The user of that name. Raises Problem 404."""
    user = user_named(session, normal_name(name)) if name.isprintable() else None
    if user is None:
        raise Problem("unknown_user", f"没有名为 {name} 的用户。")
    return user


def edit_user(session: Session, user: User, change: UserChange, by: str | None, now_ms: int) -> None:
    """Change a user's name on pages, and of what the user sees: unit, company, districts. Raises Problem 422."""
    new = NewUser(user.name, user.role, "", change.display_name, change.unit, change.company, change.district)
    _check_sight(session, new, now_ms)
    names = ("display_name", "unit", "company", "district")
    before = [getattr(user, name) for name in names]
    user.display_name = change.display_name.strip() or user.name
    user.unit, user.company, user.district = change.unit, change.company, change.district or None
    changes = {name: (old, getattr(user, name)) for name, old in zip(names, before, strict=True)}
    record_deed(session, Deed("user_edited", by, user.name, user.id, changes), now_ms)


def set_password(session: Session, user: User, password: str, now_ms: int, by: str | None = None) -> None:
    """A new password of the user's own choice; every session of the user ends. Raises Problem 422."""
    _check_password(password, user.name)
    user.password_hash, user.one_time_until_ms = HASHER.hash(password), None
    session.execute(sa.delete(LoginToken).where(LoginToken.user_id == user.id))
    record_deed(session, Deed("password_set", by, user.name, user.id), now_ms)


def reset_password(session: Session, user: User, by: str, now_ms: int) -> str:
    """A one-time password, given once; every session of the user ends. Raises Problem 409 for an administrator: whoever
    resets a password could act as that person, and two administrators approve what one of them proposes."""
    if user.role == ADMIN:
        raise Problem("administrator_by_command")
    password = one_time_password()
    user.password_hash, user.one_time_until_ms = HASHER.hash(password), now_ms + ONE_TIME_MS
    session.execute(sa.delete(LoginToken).where(LoginToken.user_id == user.id))
    record_deed(session, Deed("password_reset", by, user.name, user.id), now_ms)
    return password


def set_active(
    session: Session, user: User, active: bool, now_ms: int, by: str | None = None, reason: str = ""
) -> list[str]:
    """Disable a user, or enable them again; their sessions end at once. Gives the names of the devices that this stops or
    lets work again. Raises Problem 409 when somebody at a page disables themselves, or enables an administrator."""
    if by == user.id:
        raise Problem("not_yourself")
    if by is not None and active and user.role == ADMIN and not user.active:
        raise Problem("administrator_by_command")
    if user.active != active:
        user.active, user.disabled_ms = active, None if active else now_ms
        refresh_watermarks_of(session, user.id, now_ms)
        what = "user_enabled" if active else "user_disabled"
        record_deed(session, Deed(what, by, user.name, user.id, reason=reason), now_ms)
    session.execute(sa.delete(LoginToken).where(LoginToken.user_id == user.id))
    return [device.name for device in working_devices(session, user)]


def working_devices(session: Session, user: User) -> list[Device]:
    """A user's devices that are not revoked, oldest first."""
    query = sa.select(Device).where(
        Device.user_id == user.id, Device.state == "active", Device.device_class != OWN_CLASS
    )
    return list(session.scalars(query.order_by(Device.enrolled_ms)))


def _check(session: Session, new: NewUser, name: str, now_ms: int) -> None:
    if not 1 <= len(name) <= NAME_CHARS_MAX or not _NAME.fullmatch(name):
        raise wrong("name", f"用户名为 1 至 {NAME_CHARS_MAX} 个字母、数字、汉字或 . - _ @。")
    if new.role not in ROLES:
        raise wrong("role", f"角色只能是: {', '.join(ROLES)}。")
    _check_sight(session, new, now_ms)
    _check_password(new.password, name)


def _check_sight(session: Session, new: NewUser, now_ms: int) -> None:
    """How a user is called on pages, and of what they see."""
    display_name = new.display_name.strip()
    if len(display_name) > NAME_CHARS_MAX or cleaned(display_name) != display_name:
        raise wrong("display_name", f"显示名最多 {NAME_CHARS_MAX} 个字, 不能有控制字符。")
    if new.role == "contractor" or new.company is not None:
        problem = company_problem(new.company or "")
        if problem is not None:
            raise wrong("company", PROBLEMS[problem])
    if new.district and (len(new.district) > 64 or not _DISTRICTS.fullmatch(new.district)):
        raise wrong("district", "区县代码为 6 位或 9 位数字, 多个代码用逗号分隔。")
    if new.district:
        check_codes(session, now_ms, "districts", new.district.split(","), "district")
    if new.unit is None and new.role in OFFICIALS:
        raise wrong("unit", "科室和监察支队的用户要有科室代码, 如 zhian、jiancha。")
    if new.unit is not None:
        check_codes(session, now_ms, "units", [new.unit], "unit")


def _check_password(password: str, name: str) -> None:
    if not PASSWORD_CHARS_MIN <= len(password) <= PASSWORD_CHARS_MAX:
        raise wrong("password", f"密码至少 {PASSWORD_CHARS_MIN} 个字符, 最多 {PASSWORD_CHARS_MAX} 个。")
    if is_guessable(password, name):
        raise wrong("password", "这个密码太常见或太有规律, 容易被猜中。请换一个, 例如几个不相关的词。")
