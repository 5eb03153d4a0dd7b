"""One-time keys of the console's forms: a form takes effect once, and what was typed outlives the session.

A key holds the user whose page made it, the time and a nonce, with a keyed digest: nobody else can make one. It
grants no permission: the session decides who may act.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server.actions.accounts.limit_rate import limit_rate
from server.base.db import is_postgresql
from server.base.problems import Problem
from server.base.seal import Seals, aad_of
from server.models.form import SentForm

KEY_MS = 7 * 24 * 3600 * 1000  # a form that was open for longer is no longer accepted
DRAFTS_MAX = 10  # of one user; the oldest are deleted first
_TRIES = 30  # drafts from one address in a minute: the sender is not logged in
_KEY = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{1,12})\.([A-Za-z0-9_-]{20,32})\.([0-9a-f]{32})")

Fields = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class FormKey:
    """Whose page made a form, and its nonce."""

    user_id: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed into the form of `action` when it could not be carried out."""

    action: str
    fields: dict[str, list[str]]


def make_key(seals: Seals, user_id: str, now_ms: int) -> str:
    """A key for one form of this user."""
    token = f"{UUID(user_id).hex}.{now_ms:x}.{secrets.token_urlsafe(18)}"
    return f"{token}.{seals.digest('form key', token)}"


def read_key(seals: Seals, text: str, now_ms: int) -> FormKey | None:
    """The key, if one of our pages made it within KEY_MS."""
    found = _KEY.fullmatch(text)
    if found is None or not hmac.compare_digest(seals.digest("form key", text.rpartition(".")[0]), found[4]):
        return None
    return FormKey(str(UUID(found[1])), found[3]) if int(found[2], 16) > now_ms - KEY_MS else None


def claim_form(
    session: Session, seals: Seals, key: FormKey, action: str, fields: Fields, now_ms: int
) -> bool:
    """Mark this form as used, in the transaction of what it does. False: it was used before with the same fields, and
    nothing is left to do. Raises Problem 409 `form_used` when it was used before with other fields."""
    digest = _digest(seals, action, fields)
    row = SentForm(
        nonce=key.nonce, user_id=key.user_id, page="", action=action, digest=digest, made_ms=now_ms
    )
    if _insert(session, row):
        return True
    kept = session.get_one(SentForm, key.nonce, populate_existing=True, with_for_update=True)
    if kept.fields is not None:  # a draft that is sent again from the page that first had it
        kept.fields, kept.page, kept.action, kept.digest = None, "", action, digest
        return True
    if kept.digest != digest:
        raise Problem("form_used")
    return False


def keep_draft(session: Session, seals: Seals, key: FormKey, page: str, draft: Draft, now_ms: int) -> None:
    """Keep what was typed on a page. A form that was acted upon already leaves no draft."""
    action, fields = draft.action, draft.fields
    sealed = seals.seal(
        form_aad(key.nonce), msgspec.json.encode({name: list(texts) for name, texts in fields.items()})
    )
    digest = _digest(seals, action, fields)
    row = SentForm(
        nonce=key.nonce,
        user_id=key.user_id,
        page=page,
        action=action,
        digest=digest,
        fields=sealed,
        made_ms=now_ms,
    )
    if not _insert(session, row):
        again = sa.update(SentForm).where(SentForm.nonce == key.nonce, SentForm.fields.is_not(None))
        session.execute(again.values(fields=sealed, digest=digest, page=page, action=action))
    drafts = sa.select(SentForm.nonce).where(SentForm.user_id == key.user_id, SentForm.fields.is_not(None))
    old = drafts.order_by(SentForm.made_ms.desc(), SentForm.nonce).offset(DRAFTS_MAX)
    session.execute(sa.delete(SentForm).where(SentForm.nonce.in_(session.scalars(old).all())))


def limit_drafts(session: Session, address: str, now_ms: int) -> None:
    """Raises Problem 429 when an address that is not logged in sends too many forms."""
    limit_rate(session, f"draft|{address}", _TRIES, 60_000, now_ms)


def draft_of(session: Session, seals: Seals, user_id: str, page: str) -> Draft | None:
    """The newest draft of this user for this page."""
    query = sa.select(SentForm).where(*_drafts(user_id, page)).order_by(SentForm.made_ms.desc()).limit(1)
    row = session.scalar(query)
    if row is None or row.fields is None:
        return None
    return Draft(row.action, msgspec.json.decode(seals.open(form_aad(row.nonce), row.fields)))


def forget_drafts(session: Session, user_id: str, page: str) -> None:
    """Delete the drafts of a page whose form was sent."""
    session.execute(sa.delete(SentForm).where(*_drafts(user_id, page)))


def _drafts(user_id: str, page: str) -> tuple[sa.ColumnElement[bool], ...]:
    return SentForm.user_id == user_id, SentForm.page == page, SentForm.fields.is_not(None)


def _insert(session: Session, row: SentForm) -> bool:
    """Whether the row is new. One statement: of two that come at once the second waits for the first."""
    insert = postgresql.insert if is_postgresql(session) else sqlite.insert
    values = {column.key: getattr(row, column.key) for column in sa.inspect(SentForm).columns}
    statement = insert(SentForm).values(values).on_conflict_do_nothing().returning(SentForm.nonce)
    return session.scalar(statement) is not None


def _digest(seals: Seals, action: str, fields: Fields) -> str:
    body = msgspec.json.encode([action, sorted((name, list(texts)) for name, texts in fields.items())])
    return seals.digest("form", body.decode())


def form_aad(nonce: str) -> bytes:
    return aad_of("sent_form", nonce, "fields")
