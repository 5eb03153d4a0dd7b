"""Validate the body of an entry of a form's kind: the same outcomes, codes and pointers as kinds in code have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.bodies import flatten, pointer_to, validate_entry_body
from schemas.fields import Errors
from schemas.forms.conditions import ANYWHERE, Context
from schemas.forms.kind import FormKind


@dataclass(frozen=True)
class Verdict:
    """`clean` is None for a body that is refused with `code` and `errors` (JSON pointer → messages). `doubts`: fields of an
    accepted body that contradict today's date, which may be a clock's fault."""

    clean: dict[str, Any] | None
    code: str | None
    errors: Errors
    doubts: tuple[str, ...] = ()


def refused(code: str, pointer: str, message: str) -> Verdict:
    return Verdict(None, code, {pointer: [message]})


def validate_form_body(kind: FormKind, act: str, body: Any, context: Context = ANYWHERE) -> Verdict:
    """As `schemas.kinds.validate_body`, by one version of a form."""
    doubts: list[str] = []

    def errors_of(members: Mapping[str, Any]) -> Errors:
        messages, findings = kind.errors(members, act, context)
        errors = dict(flatten(messages))
        for finding in findings:
            if finding.doubt:
                doubts.append(finding.name)
                continue
            said = errors.setdefault(pointer_to(finding.name), [])
            said += [finding.message] if finding.message not in said else []
        return errors

    outcome = validate_entry_body(kind, act, body, errors_of)
    return Verdict(*outcome, tuple(doubts) if outcome[1] is None else ())
