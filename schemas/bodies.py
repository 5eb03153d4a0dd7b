"""What is true of the body of any entry, whether its kind is code or a form: acts, unknown names, codes and pointers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Protocol

from schemas.fields import Errors

Outcome = tuple[dict[str, Any] | None, str | None, Errors]  # (clean body, code, {JSON pointer: [message]})

_ERRORS_MAX = 50  # a body of a hundred thousand unknown fields must not become an answer of that size
_NAME_SHOWN_MAX = 40


class Written(Protocol):
    """A kind as far as this page asks."""

    @property
    def acts(self) -> tuple[str, ...]: ...
    @property
    def fields(self) -> Collection[str]: ...
    @property
    def server_only(self) -> frozenset[str]: ...


def validate_entry_body(
    kind: Written, act: str, body: Any, errors_of: Callable[[Mapping[str, Any]], Errors]
) -> Outcome:
    """The outcome of a body, of whose known members `errors_of` says what is wrong, by pointer."""
    if act not in kind.acts:
        return None, "bad_act", {"/act": [f"这种记录只能用 {', '.join(kind.acts)}。"]}
    if act == "void":
        is_empty = body is None or body == {}
        return ({}, None, {}) if is_empty else (None, "body_invalid", {"/body": ["作废不需要正文, 请去掉。"]})
    if not isinstance(body, Mapping):
        return None, "body_invalid", {"/body": ["正文应为一个 JSON 对象。"]}
    if act == "edit" and not body:
        return None, "body_invalid", {"/body": ["没有修改任何一项, 请写出修改的项。"]}
    unknown = sorted(str(name) for name in body if name not in kind.fields)
    owned = [name for name in unknown if name in kind.server_only]
    errors = {pointer_to(name): ["没有这一项, 请去掉。"] for name in unknown[:_ERRORS_MAX]}
    errors.update({pointer_to(name): ["这一项只能由服务器填写, 请去掉。"] for name in owned})
    errors.update(errors_of({name: value for name, value in body.items() if name in kind.fields}))
    if errors:
        return None, "server_owned" if owned else "body_invalid", errors
    if act == "edit":
        return dict(body), None, {}
    return {name: value for name, value in body.items() if value is not None}, None, {}


def flatten(messages: Any, pointer: str = "/body") -> Iterator[tuple[str, list[str]]]:
    """The tree of messages that marshmallow gives, by JSON pointer."""
    if isinstance(messages, Mapping):
        for name, below in messages.items():
            yield from flatten(below, f"{pointer}/{_escaped(str(name))}")
    else:
        yield pointer, list(dict.fromkeys(messages))


def pointer_to(name: str) -> str:
    return f"/body/{_escaped(name)}"


def _escaped(name: str) -> str:
    """A name as a step of a JSON pointer (RFC 6901): shortened, and fit for UTF-8 whatever was sent."""
    shown = name if len(name) <= _NAME_SHOWN_MAX else name[:_NAME_SHOWN_MAX] + "…"
    return shown.encode("utf-8", "replace").decode("utf-8").replace("~", "~0").replace("/", "~1")
