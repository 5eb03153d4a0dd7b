"""What a check is: a rule of SPEC, and a function that asks a server whether it keeps it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sync_protocol.client.transport import Response
from sync_protocol.conform.device import Broken, Device, document

PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Check:
    """`name` is stable; `rules` are numbers of SPEC; `says` is what a conforming server does."""

    name: str
    rules: str
    says: str
    ask: Callable[[Device], None]


DECLARED: list[Check] = []


def check(name: str, rules: str) -> Callable[[Callable[[Device], None]], Callable[[Device], None]]:
    """Declares a check. The function's docstring is what it says."""

    def declare(ask: Callable[[Device], None]) -> Callable[[Device], None]:
        says = " ".join((inspect.getdoc(ask) or "").split())
        DECLARED.append(Check(name, rules, says, ask))
        return ask

    return declare


def expect(holds: object, found: str) -> None:
    """Raises Broken, with what was found instead."""
    if not holds:
        raise Broken(found)


def expect_problem(answer: Response, status: int, code: str) -> Mapping[str, object]:
    """That the answer is this problem, as RFC 9457 writes one (M22). Gives its members. Raises Broken."""
    found = document(answer)
    expect(
        (answer.status, found.get("code")) == (status, code),
        f"{answer.status} {found.get('code')} instead of {status} {code}",
    )
    expect(answer.headers.get("content-type", "").startswith(PROBLEM), f"{code} is no {PROBLEM}")
    expect(found.get("status") == status, f"{code} has no member status {status}")
    expect(all(isinstance(found.get(name), str) for name in ("type", "title")), f"{code} lacks type or title")
    return found
