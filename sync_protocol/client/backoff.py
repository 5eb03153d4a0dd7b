"""How long to wait after a failed exchange. Pure: the caller counts the failures, passes the random numbers and
waits.

Full jitter: a thousand tablets that lost the same server at the same moment must not come back at the same
moment.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

BASE_S = 2.0
CAP_S = 900.0
RETRY_AFTER_MAX_S = (
    86_400.0  # a server that asks for more than a day has a bug, and the tablet must not fall silent
)


def delay_s(failures: int, rng: random.Random, retry_after_s: float | None = None) -> float:
    """Seconds to wait after `failures` failures in a row (0: no wait).

    Uniform over [0, min(CAP_S, BASE_S * 2**(failures - 1))]. A `Retry-After` is a floor under it: the
    server said when, the random part says how long after.
    """
    if failures <= 0 and retry_after_s is None:
        return 0.0
    exponent = min(max(failures - 1, 0), 30)  # beyond the cap in any case: keeps the power small
    floor_s = min(max(retry_after_s or 0.0, 0.0), RETRY_AFTER_MAX_S)
    return floor_s + rng.uniform(0.0, min(CAP_S, BASE_S * 2.0**exponent))


def retry_after_s(value: str | None, now_ms: int) -> float | None:
    """Seconds named by a `Retry-After` header (RFC 9110 10.2.3: seconds, or a date). None when absent or
    unreadable."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), RETRY_AFTER_MAX_S)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.fromtimestamp(now_ms / 1000, UTC)).total_seconds())
