"""Records of the roster that are one person: shown with what differs, merged by a user with a reason, and unmerged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session
from uuid_utils import uuid7

from schemas.kinds import KINDS
from server.actions.questions.settle_questions import required_reason
from server.actions.records.registers import WORKER, state_aad
from server.actions.records.segments import read_body
from server.actions.sync.write_server_entries import Draft, write_server_entries
from server.base.clock import from_iso
from server.base.problems import Problem, not_found
from server.base.seal import Seals
from server.models.access import Viewer, may_settle, visible_sites
from server.models.record import IN_FORCE, Record, Worker
from server.models.scope import lock_scope
from server.models.site import Site
from server.models.tx import Tx
from server.models.user import User
from server.rules.masking import mask_field

LIST_MAX = 100
_KIND = "worker_merge"


@dataclass(frozen=True, slots=True)
class Twin:
    """One of several records of a person. `fields`: what it says, as text, numbers masked; `records`: how many facts name
    it."""

    id: str
    fields: Mapping[str, str]
    records: int


@dataclass(frozen=True, slots=True)
class Question:
    """Records of one site with the same certificate number, the one that most facts name first. `differing`: the fields in
    which they are not alike."""

    site: Site
    twins: list[Twin]
    differing: list[str]


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge: which record stayed, what was merged into it (both as `Twin.fields`), by whom, when and why; and who undid
    it, when and why (empty: it is in force)."""

    id: str
    site: Site
    kept: Mapping[str, str]
    other: Mapping[str, str]
    by: str
    at_ms: int
    reason: str
    undone_by: str
    undone_ms: int | None
    undone_reason: str


_HERE = (Worker.exited_on.is_(None), IN_FORCE)


def same_people(session: Session, seals: Seals, viewer: Viewer) -> list[Question]:
    """Who is on a roster twice, at this viewer's sites: records that count, of people who have not left, that have one
    certificate number. Raises Problem 404 for who may not see them."""
    keys = _doubled(session, viewer)
    query = sa.select(Site).where(Site.id.in_({site_id for site_id, _ in keys}))
    sites = {site.id: site for site in session.scalars(query)}
    return [_question(session, seals, sites[site_id], digest) for site_id, digest in keys]


def count_same_people(session: Session, viewer: Viewer) -> int:
    """How many questions `same_people` would ask. Raises Problem 404."""
    return len(_doubled(session, viewer))


def _doubled(session: Session, viewer: Viewer) -> list[tuple[str, str]]:
    """Sites, and certificates that are there more than once. One statement."""
    _require(viewer)
    query = (
        sa.select(Worker.scope_id, Worker.certificate_digest)
        .join(Record, sa.and_(Record.scope_id == Worker.scope_id, Record.id == Worker.id))
        .join(Site, Site.id == Worker.scope_id)
        .where(visible_sites(viewer), *_HERE)
        .group_by(Worker.scope_id, Worker.certificate_digest)
        .having(sa.func.count() > 1)
        .order_by(Worker.scope_id, Worker.certificate_digest)
        .limit(LIST_MAX)
    )
    return [(site_id, digest) for site_id, digest in session.execute(query)]


def _twins(session: Session, site_id: str, digest: str) -> list[Worker]:
    query = (
        sa.select(Worker)
        .join(Record, sa.and_(Record.scope_id == Worker.scope_id, Record.id == Worker.id))
        .where(Worker.scope_id == site_id, Worker.certificate_digest == digest, *_HERE)
    )
    return list(session.scalars(query.order_by(Worker.id), execution_options={"populate_existing": True}))


def _question(session: Session, seals: Seals, site: Site, digest: str) -> Question:
    workers = _twins(session, site.id, digest)
    query = sa.select(Record.subject, sa.func.count()).where(
        *(Record.scope_id == site.id, Record.kind != _KIND, Record.counts.is_(True)),
        Record.subject.in_([worker.id for worker in workers]),
    )
    counts = dict(session.execute(query.group_by(Record.subject)).all())
    twins = [Twin(worker.id, _shown(seals, worker), counts.get(worker.id, 0)) for worker in workers]
    names = [name for name in KINDS[WORKER.kind].fields if len({twin.fields.get(name) for twin in twins}) > 1]
    return Question(site, sorted(twins, key=lambda twin: (-twin.records, twin.id)), names)


def _shown(seals: Seals, worker: Worker) -> dict[str, str]:
    state = msgspec.json.decode(seals.open(state_aad(WORKER.kind, worker.id), worker.state))
    return {name: mask_field(WORKER.kind, name, value) for name, value in state.items()}


def merge_people(tx: Tx, viewer: Viewer, site_id: str, kept: str, reason: str) -> None:
    """Keep this record, and merge into it every other one of the site that has its certificate number. Each merge is an
    entry in the log, which tablets get. Raises Problem 404 when the record is absent, not this viewer's or by now
    the only one, 422 without a reason."""
    session = tx.session
    _lock(session, viewer, site_id)
    reason = required_reason(reason)
    worker = session.get(Worker, (site_id, kept), populate_existing=True)
    twins = _twins(session, site_id, worker.certificate_digest) if worker is not None else []
    others = [twin.id for twin in twins if twin.id != kept]
    if len(others) == len(twins) or not others:
        raise not_found()
    bodies = [{"kept": kept, "other": other, "reason": reason} for other in others]
    _write(tx, viewer, site_id, [Draft(_KIND, "add", str(uuid7()), body) for body in bodies])


def merges(session: Session, seals: Seals, viewer: Viewer) -> list[Merge]:
    """What was merged at this viewer's sites, the newest first, also what was undone. Raises Problem 404."""
    _require(viewer)
    query = (
        sa.select(Record, Site)
        .join(Site, Site.id == Record.scope_id)
        .where(visible_sites(viewer), Record.kind == _KIND, Record.deleted_ms.is_(None))
        .order_by(Record.event_ms.desc(), Record.id)
        .limit(LIST_MAX)
    )
    found = [(row, site, _body(session, seals, row)) for row, site in session.execute(query)]
    wanted = {(site.id, body[name]) for _, site, body in found for name in ("kept", "other")}
    rows = session.scalars(sa.select(Worker).where(Worker.id.in_({key for _, key in wanted})))
    people = {(row.scope_id, row.id): _shown(seals, row) for row in rows if (row.scope_id, row.id) in wanted}
    users: defaultdict[str, str] = defaultdict(str)
    ids = {body["by"] for *_, body in found} | {body["void"]["by"] for *_, body in found if "void" in body}
    users |= dict(session.execute(sa.select(User.id, User.display_name).where(User.id.in_(ids))).all())
    return list(_merges_of(found, people, users))


def _merges_of(
    found: list[tuple[Record, Site, dict[str, Any]]],
    people: Mapping[tuple[str, str], dict[str, str]],
    users: Mapping[str, str],
) -> Iterator[Merge]:
    for row, site, body in found:
        kept, other = (people.get((site.id, body[name]), {}) for name in ("kept", "other"))
        void = body.get("void", {})
        yield Merge(
            row.id,
            site,
            kept,
            other,
            users[body["by"]],
            from_iso(body["at"]["time"]),
            body["reason"],
            users[void["by"]] if void else "",
            from_iso(void["time"]) if void else None,
            void.get("reason", ""),
        )


def undo_merge(tx: Tx, viewer: Viewer, site_id: str, merge_id: str, reason: str) -> None:
    """Undo a merge: both records are shown again, and counted as one as long as they have one number. An entry in the
    log, as the merge. Raises Problem 404 when it is absent, not this viewer's or undone already, 422 without a
    reason."""
    _lock(tx.session, viewer, site_id)
    reason = required_reason(reason)
    merge = tx.session.get(Record, (site_id, merge_id), populate_existing=True)
    if merge is None or merge.kind != _KIND or not merge.counts:
        raise not_found()
    _write(tx, viewer, site_id, [Draft(_KIND, "void", merge_id, {}, reason=reason)])


def _write(tx: Tx, viewer: Viewer, site_id: str, drafts: list[Draft]) -> None:
    outcomes = write_server_entries(tx.session, tx.seals, viewer.id, site_id, drafts, tx.now_ms)
    if any(outcome["outcome"] != "applied" for outcome in outcomes):
        raise Problem("not_merged")


def _lock(session: Session, viewer: Viewer, site_id: str) -> None:
    """Nobody else writes to the site until this is done. Raises Problem 404."""
    _require(viewer)
    mine = session.scalar(sa.select(Site.id).where(Site.id == site_id, visible_sites(viewer)))
    if mine is None or lock_scope(session, site_id) is None:
        raise not_found()


def _body(session: Session, seals: Seals, row: Record) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(read_body(session, seals, row))
    return body


def _require(viewer: Viewer) -> None:
    if not may_settle(viewer):
        raise not_found()
