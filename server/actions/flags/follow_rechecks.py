"""A recheck that was written on a tablet moves its flag when it arrives, as one at the console does, or says on the flag's
page why it did not. The record stays in either case."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import sqlalchemy as sa

from schemas.limits import FLAG_MEDIA_MAX
from server.actions.flags.events import NewEvent, append_event, flag_puts
from server.actions.flags.move_flag import Wanted, make_move
from server.actions.notices.enqueue import NewNotice, enqueue_notices, read_people, receivers
from server.actions.records.feed import Put
from server.base.problems import Problem
from server.models.access import viewer_of, visible_flags
from server.models.flag import Flag, FlagEvent, of_flag
from server.models.site import Site
from server.models.tx import Tx
from server.models.user import User
from server.rules.flags.moves import RECHECK_KEPT
from server.rules.flags.rechecks import RecheckFields, decides
from server.rules.plain_text import cleaned

_log = logging.getLogger("gongdi.flags")


class Recheck(NamedTuple):
    """A record that rechecks a flag: its id and its body as it is served."""

    record: str
    body: Mapping[str, Any]
    fields: RecheckFields

    @property
    def flag_id(self) -> str:
        return str(self.body[self.fields.flag])

    @property
    def by(self) -> str:
        """The id of the user who wrote it."""
        return str(self.body["by"])

    @property
    def wanted(self) -> Wanted:
        """The move that it makes; `rev`: up to which event its writer had seen the flag, None: not said."""
        named = (sha256 for name in self.fields.photos for sha256 in self.body.get(name) or ())
        return Wanted(
            self.body[self.fields.result],
            self.body.get(self.fields.seen),
            cleaned(str(self.body.get(self.fields.note) or "")),
            media=tuple(dict.fromkeys(named))[:FLAG_MEDIA_MAX],
            record=self.record,
        )


def follow_rechecks(tx: Tx, scope_id: str, rechecks: Sequence[Recheck]) -> list[Put]:
    """Let these records, which took effect just now, move their flags, in their order; gives what tablets are to pull. The
    caller holds the lock of the scope. What names no flag of this site stays a record, and nothing more."""
    return [put for recheck in rechecks for put in _follow(tx, scope_id, recheck)]


def _follow(tx: Tx, scope_id: str, recheck: Recheck) -> Iterator[Put]:
    flag = tx.session.get(Flag, (scope_id, recheck.flag_id), populate_existing=True)
    if flag is None:
        _log.warning("a recheck names no flag", extra={"fields": {"record": recheck.record}})
        return
    user, wanted = tx.session.get_one(User, recheck.by), recheck.wanted
    try:
        _require_current(tx, flag, user, wanted)
        yield from make_move(tx, viewer_of(tx.session, user), flag, replace(wanted, rev=flag.rev))
    except Problem as problem:
        yield from _keep(tx, flag, recheck, problem.code)


def _require_current(tx: Tx, flag: Flag, user: User, wanted: Wanted) -> None:
    """Raises Problem where the writer may not see the flag any more, or somebody has decided since the writer looked."""
    seen = sa.select(Flag.id).where(Flag.id == flag.id, visible_flags(viewer_of(tx.session, user)))
    if not user.active or tx.session.scalar(seen) is None:
        raise Problem("role_not_allowed")
    since = sa.select(FlagEvent.action).where(
        of_flag(FlagEvent, flag), FlagEvent.n > (wanted.rev or flag.rev)
    )
    if wanted.rev is not None and (wanted.rev > flag.rev or decides(tx.session.scalars(since))):
        raise Problem("stale_rev")


def _keep(tx: Tx, flag: Flag, recheck: Recheck, code: str) -> list[Put]:
    """Say in the flag's history what was rechecked and why it moved nothing, and notify whoever deals with the flag."""
    wanted = recheck.wanted
    detail: dict[str, Any] = {"record": recheck.record, "reason": code, "result": wanted.action}
    detail |= {"note": wanted.note, "media": list(wanted.media)}
    append_event(tx, flag, NewEvent(recheck.by, RECHECK_KEPT, detail))
    site = tx.session.get_one(Site, flag.scope_id)
    people = read_people(tx.session, [site.id], tx.now_ms)
    enqueue_notices(
        tx, people, receivers(people, site, flag.unit, None), NewNotice(flag, RECHECK_KEPT, False)
    )
    tx.session.flush()
    return flag_puts(tx.session, [flag])[flag.scope_id]
