"""Validate the body of an entry of a form's kind: the same outcomes, codes and pointers as kinds in code have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.fields import Errors
from schemas.forms.conditions import ANYWHERE, Context
from schemas.forms.kind import FormKind

_ERRORS_MAX = 50
_NAME_SHOWN_MAX = 40


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
    if act not in kind.acts:
        return refused("bad_act", "/act", f"这种记录只能用 {', '.join(kind.acts)}。")
    if act == "void":
        is_empty = body is None or body == {}
        return (
            Verdict({}, None, {})
            if is_empty
            else refused("body_invalid", "/body", "作废不需要正文, 请去掉。")
        )
    if not isinstance(body, Mapping):
        return refused("body_invalid", "/body", "正文应为一个 JSON 对象。")
    if act == "edit" and not body:
        return refused("body_invalid", "/body", "没有修改任何一项, 请写出修改的项。")
    unknown = sorted(str(name) for name in body if name not in kind.fields)
    owned = [name for name in unknown if name in kind.server_only]
    errors: Errors = {_pointer(name): ["没有这一项, 请去掉。"] for name in unknown[:_ERRORS_MAX]}
    errors.update({_pointer(name): ["这一项只能由服务器填写, 请去掉。"] for name in owned})
    known = {name: value for name, value in body.items() if name in kind.fields}
    messages, findings = kind.errors(known, act, context)
    errors.update(_flatten(messages, "/body"))
    for finding in findings:
        if not finding.doubt:
            said = errors.setdefault(_pointer(finding.name), [])
            said += [finding.message] if finding.message not in said else []
    if errors:
        return Verdict(None, "server_owned" if owned else "body_invalid", errors)
    clean = (
        dict(body) if act == "edit" else {name: value for name, value in body.items() if value is not None}
    )
    return Verdict(clean, None, {}, tuple(finding.name for finding in findings))


def _flatten(messages: Any, pointer: str) -> Iterator[tuple[str, list[str]]]:
    if isinstance(messages, Mapping):
        for name, below in messages.items():
            yield from _flatten(below, f"{pointer}/{_escaped(str(name))}")
    else:
        yield pointer, list(dict.fromkeys(messages))


def _pointer(name: str) -> str:
    return f"/body/{_escaped(name)}"


def _escaped(name: str) -> str:
    """A name as a step of a JSON pointer (RFC 6901): shortened, and fit for UTF-8 whatever was sent."""
    shown = name if len(name) <= _NAME_SHOWN_MAX else name[:_NAME_SHOWN_MAX] + "…"
    return shown.encode("utf-8", "replace").decode("utf-8").replace("~", "~0").replace("/", "~1")
