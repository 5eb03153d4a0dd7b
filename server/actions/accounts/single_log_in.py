"""Log in by an account at an OpenID Connect provider (统一登录) that the user has tied to the own user."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.actions.accounts.log_in import LoggedIn, open_session
from server.base.problems import Problem
from server.base.seal import Seals
from server.models.audit import Deed, record_deed
from server.models.user import User


def account_digest(seals: Seals, issuer: str, subject: str) -> str:
    """What is kept of an account: a keyed digest of the issuer and its `sub`, which OpenID Connect Core 1.0 (2) promises
    never to give to anybody else. No other claim says who somebody is: people may choose their names."""
    return seals.digest("oidc account", f"{issuer}\n{subject}")


def log_in_tied(session: Session, digest: str, now_ms: int) -> LoggedIn:
    """A session of the user to whom this account is tied. Raises Problem 403 when it is nobody's, or the user disabled."""
    user = session.scalar(sa.select(User).where(User.oidc_digest == digest, User.active))
    if user is None:
        raise Problem("account_not_tied")
    return open_session(session, user, now_ms)


def tie_account(session: Session, user: User, digest: str, now_ms: int) -> None:
    """From now on the account logs in as `user`, who did this. Raises Problem 409 when it is another user's."""
    try:
        with session.begin_nested():
            user.oidc_digest = digest
    except IntegrityError as error:
        raise Problem("account_taken") from error
    record_deed(session, Deed("account_tied", user.id, user.name, user.id), now_ms)


def untie_account(session: Session, user: User, by: str, now_ms: int) -> None:
    """The account opens nothing any more; sessions that are open stay."""
    if user.oidc_digest is not None:
        user.oidc_digest = None
        record_deed(session, Deed("account_untied", by, user.name, user.id), now_ms)
