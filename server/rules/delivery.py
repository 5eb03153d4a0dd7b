"""When a notice is sent: quiet hours, and how long to wait after a failure."""

from __future__ import annotations

from server.rules.calendar import DAY_MS, MINUTE_MS, local_date_of, midnight_ms


def leaves_ms(now_ms: int, quiet_from: int, quiet_to: int, severe: bool) -> int:
    """When a notice that is ready at `now_ms` may be sent: at once, or at the end of the receiver's quiet hours
    (免打扰), given in minutes of the local day; they may run over midnight. Severe ones do not wait."""
    if severe or quiet_from == quiet_to:
        return now_ms
    day_ms = midnight_ms(local_date_of(now_ms))
    minute = (now_ms - day_ms) // MINUTE_MS
    is_quiet = (
        quiet_from <= minute < quiet_to
        if quiet_from < quiet_to
        else minute >= quiet_from or minute < quiet_to
    )
    if not is_quiet:
        return now_ms
    ends_ms = day_ms + quiet_to * MINUTE_MS
    return ends_ms if ends_ms > now_ms else ends_ms + DAY_MS


def backoff_ms(tries: int, first_ms: int, most_ms: int) -> int:
    """How long to wait after so many failures: twice as long each time, up to a bound."""
    doublings = max(tries - 1, 0)
    return most_ms if doublings > 40 else min(first_ms << doublings, most_ms)
