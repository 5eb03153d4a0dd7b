"""RFC 9457 problems: the one shape of every error that a client can meet."""

from __future__ import annotations

from typing import Any

from server.base.catalogue import CATALOGUE, Entry
from sync_protocol.outcomes import problem_code


class Problem(Exception):
    """An answer that refuses: HTTP status, a stable machine `code`, Chinese `title` and `detail`, and members
    of its own. Raises KeyError for a code that is not in the catalogue.

    An endpoint raises it or lets it pass; the app turns it into `application/problem+json`.
    """

    def __init__(self, code: str, detail: str = "", entry: Entry | None = None, **members: Any) -> None:
        super().__init__(code)
        entry = entry or CATALOGUE[code]
        self.status = entry.status
        self.code = entry.code
        self.title = entry.title
        self.detail = detail or entry.remedy
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
    """An absent and a forbidden thing answer alike, so that nobody learns what exists (DOMAIN: Who)."""
    return Problem("not_found")


def protocol_problem(code: str, detail: str = "", **members: Any) -> Problem:
    """A problem of the protocol's own catalogue, whose remedies are for those who write clients. Raises KeyError for a code
    that is not in it."""
    known = problem_code(code)
    entry = Entry(known.number, known.code, known.status or 400, known.title, "")
    return Problem(code, detail, entry, **members)
