"""worker_merge: two records of the roster are one person (同一人). A fact that only the server writes, for a person at the
console; void undoes it."""

from __future__ import annotations

from schemas import limits
from schemas.fields import Body, text, uuid
from schemas.kind import Kind
from schemas.privacy import OPEN


class WorkerMergeBody(Body):
    """Which record stays, and which one is another of the same person from now on. Both stay readable; what was recorded
    of either counts for the one person."""

    kept = uuid("保留的记录", refers="worker", privacy=OPEN)
    other = uuid("并入的记录", role="worker", refers="worker", privacy=OPEN)
    reason = text("理由", limits.REASON_MAX, privacy=OPEN)


# Sealed: the reason may name somebody.
KIND = Kind("worker_merge", "人员合并", "fact", WorkerMergeBody, sealed=True, of_work=True, own=True)
