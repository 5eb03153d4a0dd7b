"""What people may ask about their own data, and until when it is answered (个人信息保护法 44–50)."""

from __future__ import annotations

from server.rules.calendar import instant_ms, local_date_of
from server.rules.rulebook import Rulebook

KINDS = {
    "see": "查阅、复制 (第四十五条)",
    "correct": "更正、补充 (第四十六条)",
    "erase": "删除 (第四十七条)",
    "refuse": "限制或拒绝处理 (第四十四条)",
}
OUTCOMES = {"done": "已办", "partly": "部分办理", "refused": "不予办理"}


def due_ms_of(book: Rulebook, received_ms: int) -> int:
    """The end of the last day for an answer: `person_request_days` after the local date on which the request came."""
    return _ahead_ms(book, received_ms, 0)


def warn_ms_of(book: Rulebook, received_ms: int) -> int:
    """When those who have to answer are reminded: `person_request_warn_days` before that, or at once."""
    return max(
        received_ms,
        _ahead_ms(book, received_ms, book.number("person_request_warn_days", local_date_of(received_ms))),
    )


def _ahead_ms(book: Rulebook, received_ms: int, less_days: float) -> int:
    day = local_date_of(received_ms)
    days = book.number("person_request_days", day) - less_days
    return instant_ms(day, "00:00", int(days) + 1)
