"""People, their sessions, their assignments, and counters that limit rates across processes."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.base.db import Base, Id, is_postgresql

ROLES = ("inspector", "supervisor", "contractor", "section", "brigade", "admin")
# They see the sites that they are assigned to; a supervisor (监理) has no tablet.
AT_SITES = ("inspector", "supervisor")
SERVER_ROLE = "server"  # of the user whom the server itself writes as; nobody logs in as that
SERVICE_ROLE = "service"  # of a program of others: it has keys, and no password (models/service.py)
NO_PEOPLE = (SERVER_ROLE, SERVICE_ROLE)
ADMIN = "admin"
OFFICIALS = ("section", "brigade")  # they belong to a unit of the bureau


class User(Base):
    """Somebody who logs in. `unit` is the office (科室) of an official, `company` the 18-character code of a
    contractor's company, `district` limits a section's view (empty: every district)."""

    __tablename__ = "user_account"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(64), unique=True)
    display_name: Mapped[str] = mapped_column(sa.String(64))
    role: Mapped[str] = mapped_column(sa.String(16))
    unit: Mapped[str | None] = mapped_column(sa.String(32))
    company: Mapped[str | None] = mapped_column(sa.String(18))
    district: Mapped[str | None] = mapped_column(sa.String(64))  # codes joined by commas
    password_hash: Mapped[str] = mapped_column(sa.String(200))
    # Its password was made up for it, opens a log-in until then, and must be changed by whoever logs in with it.
    one_time_until_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    # The account of the provider of single log-in that the user has tied (actions/accounts/single_log_in.py).
    oidc_digest: Mapped[str | None] = mapped_column(sa.String(64), unique=True, index=True)
    active: Mapped[bool] = mapped_column(sa.Boolean, default=True)
    disabled_ms: Mapped[int | None] = mapped_column(sa.BigInteger)  # since when it is not active
    made_ms: Mapped[int] = mapped_column(sa.BigInteger)


class LoginToken(Base):
    """A log-in: the SHA-256 of its bearer token or cookie."""

    __tablename__ = "login_token"

    token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user_account.id"), index=True)
    made_ms: Mapped[int] = mapped_column(sa.BigInteger)
    expires_ms: Mapped[int] = mapped_column(sa.BigInteger)


class Tally(Base):
    """How often something happened under `key` since `since_ms`: lockouts and rate limits that hold across
    processes."""

    __tablename__ = "tally"

    key: Mapped[str] = mapped_column(sa.String(120), primary_key=True)
    since_ms: Mapped[int] = mapped_column(sa.BigInteger)
    count: Mapped[int] = mapped_column(sa.Integer)


class Assignment(Base):
    """A user's duty at a site, from when to when. An inspector's tablets replicate the sites of these
    assignments."""

    __tablename__ = "assignment"

    site_id: Mapped[str] = mapped_column(Id, primary_key=True)
    user_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user_account.id"), primary_key=True, index=True)
    since_ms: Mapped[int] = mapped_column(sa.BigInteger)
    ended_ms: Mapped[int | None] = mapped_column(sa.BigInteger)


def user_named(session: Session, name: str) -> User | None:
    """The user of that log-in name, exactly as stored."""
    return session.scalar(sa.select(User).where(User.name == name))


_OF_TOKEN = (
    sa.select(User)
    .join(LoginToken, LoginToken.user_id == User.id)
    .where(
        LoginToken.token_hash == sa.bindparam("token_hash"),
        LoginToken.expires_ms > sa.bindparam("now_ms"),
        User.active,
    )
)


def user_of_token(session: Session, token_hash: bytes, now_ms: int) -> User | None:
    """The active user whose log-in this is, unless it has expired."""
    return session.scalar(_OF_TOKEN, {"token_hash": token_hash, "now_ms": now_ms})


def count_up(session: Session, key: str, period_ms: int, now_ms: int) -> tuple[int, int]:
    """Count one more under `key` and give (count, since_ms). A count older than `period_ms` starts again.

    One statement, so that any number of processes count together.
    """
    insert = postgresql.insert if is_postgresql(session) else sqlite.insert
    over = Tally.since_ms <= now_ms - period_ms
    statement = (
        insert(Tally)
        .values(key=key, since_ms=now_ms, count=1)
        .on_conflict_do_update(
            index_elements=[Tally.key],
            set_={
                "count": sa.case((over, 1), else_=Tally.count + 1),
                "since_ms": sa.case((over, now_ms), else_=Tally.since_ms),
            },
        )
        .returning(Tally.count, Tally.since_ms)
    )
    row = session.execute(statement).one()
    return row[0], row[1]


def count_down(session: Session, key: str) -> None:
    """Count one less: it turned out not to count."""
    session.execute(sa.update(Tally).where(Tally.key == key, Tally.count > 0).values(count=Tally.count - 1))


def forget_tally(session: Session, key: str) -> None:
    session.execute(sa.delete(Tally).where(Tally.key == key))
