"""RFC 9457 problems: the one shape of every error that a client can meet."""

from __future__ import annotations

from typing import Any


class Problem(Exception):
    """An answer that refuses: HTTP status, a stable machine `code`, Chinese `title` and `detail`, and members
    of its own.

    An endpoint raises it or lets it pass; the app turns it into `application/problem+json`.
    """

    def __init__(self, status: int, code: str, title: str, detail: str = "", **members: Any) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.members = members
        self.headers: dict[str, str] = {}

    def with_header(self, name: str, value: str) -> Problem:
        self.headers[name] = value
        return self

    def as_dict(self) -> dict[str, Any]:
        shown = {"type": f"urn:gongdi:problem:{self.code}", "title": self.title, "status": self.status}
        if self.detail:
            shown["detail"] = self.detail
        return {**shown, "code": self.code, **self.members}


def not_found() -> Problem:
    """An absent and a forbidden thing get the same answer, so that nobody learns what exists (DOMAIN: Who)."""
    return Problem(404, "not_found", "没有找到", "这条记录不存在, 或者您无权查看。")
