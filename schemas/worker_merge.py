"""worker_merge: two records of the roster are one person (同一人). A fact that only the server writes, for a person at the
console; void undoes it."""

from __future__ import annotations

from schemas import limits
from schemas.fields import Body, text, uuid
from schemas.privacy import opened


class WorkerMergeBody(Body):
    """Which record stays, and which one is another of the same person from now on. Both stay readable; what was recorded
    of either counts for the one person."""

    privacy = opened("kept", "other", "reason")

    kept = uuid("保留的记录")
    other = uuid("并入的记录")
    reason = text("理由", limits.REASON_MAX)
