"""Limit how often something may be tried; the counts hold across processes (table `tally`)."""

from __future__ import annotations

import hashlib

from sqlalchemy.orm import Session

from server.base.problems import Problem
from server.models.user import count_up


def limit_rate(session: Session, key: str, most: int, period_ms: int, now_ms: int) -> None:
    """Count one try under `key`; commit it, whatever becomes of the try. Raises Problem 429 past `most` in
    a period.

    A refused try need not be committed: the count stays where it is, at the limit.
    """
    count, since_ms = count_up(session, tally_key(key), period_ms, now_ms)
    if count <= most:
        return
    wait_s = max(1, -(-(since_ms + period_ms - now_ms) // 1000))
    detail = f"尝试次数过多, 请在 {-(-wait_s // 60)} 分钟后再试。"
    problem = Problem("rate_limited", detail, retry_after_s=wait_s)
    raise problem.with_header("Retry-After", str(wait_s))


def tally_key(key: str) -> str:
    """`purpose|whatever was typed` with the second half hashed: it may be a password in the wrong field."""
    purpose, _, typed = key.partition("|")
    return f"{purpose}|{hashlib.sha256(typed.encode('utf-8', 'replace')).hexdigest()[:32]}"
