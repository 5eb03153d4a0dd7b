"""What the fields of a form say together, compiled to closures over the fields' positions.

A hidden field must be absent; one that is shown and required must be there; one that is there must satisfy its
constraint. A value that is wrong by itself counts as missing. A constraint that asks for today's date refuses nothing:
a slow clock must not cost an honest entry, so it only raises a doubt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.expressions.check import Tree
from schemas.expressions.evaluate import Closure, Env, Rules, asks_for_today, compile_tree, names_in, no_rules
from schemas.forms.definition import Form, Item, conditions_of

HIDDEN = "按前面的填写, 这一项不应填写, 请去掉。"
_MISSING = "缺少这一项, 请填写。"
_BROKEN = "和其他项或规定不符, 请检查后重新填写。"
_REPEATED = "同一个附件只能放在一项里。"
_UNPROMISED = "附件没有列在这条记录的 media 里。"


@dataclass(frozen=True)
class Context:
    """What a body is validated in: the local date of its entry, the numbers in force on that date, and the hashes that
    the entry promises (None: not looked at)."""

    today: str | None = None
    rule: Rules = no_rules
    media: frozenset[str] | None = None


ANYWHERE = Context()


@dataclass(frozen=True)
class Finding:
    """What is wrong at one field. `doubt`: it depends on a clock, and refuses nothing."""

    name: str
    message: str
    doubt: bool = False


@dataclass(frozen=True, slots=True)
class _Step:
    """One item that has something to say. `position` is None for a group and a calculation."""

    name: str
    type: str
    position: int | None
    group: str | None
    relevant: Closure | None
    always: bool
    required: Closure | None
    constraint: Closure | None
    calculation: Closure | None
    is_doubt: bool
    missing: str = _MISSING
    broken: str = _BROKEN


class Conditions:
    """The conditions of one form. `names`: its fields in the order of `values` below."""

    def __init__(self, form: Form) -> None:
        self.names = tuple(item.name for item in form.fields)
        self._media = tuple(
            (i, item.name) for i, item in enumerate(form.fields) if item.type in ("image", "file")
        )
        self._steps = tuple(_steps(form, {name: i for i, name in enumerate(self.names)}))
        trees = [tree for item in form.items for tree in conditions_of(item)]
        self._asks = any(asks_for_today(tree) or names_in(tree, "rule") for tree in trees)

    @property
    def has_any(self) -> bool:
        return bool(self._steps or self._media)

    @property
    def asks(self) -> bool:
        """Whether what an entry promises, its date or the rules of that date matter."""
        return bool(self._media) or self._asks

    def hold(self, values: list[Any], context: Context) -> bool:
        """Whether a body whose fields are right by themselves is right as a whole. `values` may be changed."""
        return all(finding.doubt for finding in self.findings(values, values, context))

    def findings(self, values: list[Any], sent: list[Any], context: Context) -> Iterator[Finding]:
        """All that is wrong. `values`: those that are right by themselves; `sent`: all that were sent."""
        if self._media:
            yield from self._of_media(values, context.media)
        yield from self._walk(Env(values, {}, None, context.today, context.rule), sent)

    def calculated(self, body: Mapping[str, Any], context: Context) -> tuple[dict[str, Any], dict[str, Any]]:
        """The values of a body that are shown, and what is calculated from them, by name."""
        values = [body.get(name) for name in self.names]
        env = Env(values, {}, None, context.today, context.rule)
        for _ in self._walk(env, list(values)):
            pass
        return dict(zip(self.names, values, strict=True)), env.calculated

    def _walk(self, env: Env, sent: list[Any]) -> Iterator[Finding]:
        hidden: set[str | None] = set()
        for step in self._steps:
            shown = step.group not in hidden and (step.relevant is None or step.relevant(env))
            if step.position is not None:
                finding = _of_field(step, env, sent[step.position] is not None, shown)
                if finding is not None:
                    yield finding
            elif step.calculation is not None:
                env.calculated[step.name] = step.calculation(env) if shown else None
            elif not shown:
                hidden.add(step.name)

    def of_one(self, name: str, value: Any, context: Context) -> Iterator[Finding]:
        """What is wrong with one changed field of a register, whose constraint names no other."""
        for step in self._steps:
            if step.name != name or step.constraint is None:
                continue
            if not step.constraint(Env([], {}, value, context.today, context.rule)):
                yield Finding(name, step.broken, step.is_doubt)

    def _of_media(self, values: list[Any], promised: frozenset[str] | None) -> Iterator[Finding]:
        seen: set[str] = set()
        for position, name in self._media:
            hashes = values[position] or ()
            if not seen.isdisjoint(hashes):
                yield Finding(name, _REPEATED)
            if promised is not None and not promised.issuperset(hashes):
                yield Finding(name, _UNPROMISED)
            seen.update(hashes)


def _of_field(step: _Step, env: Env, is_sent: bool, shown: bool) -> Finding | None:
    """What is wrong with one field, of which `env` has the value if it is right by itself."""
    position = step.position or 0
    value = env.values[position]
    if not shown:
        env.values[position] = None
        return Finding(step.name, HIDDEN) if is_sent else None
    if value is None:
        # What must be there only under a condition must be right to be there; for the rest the field spoke.
        is_missing = (step.always and not is_sent) or (step.required is not None and step.required(env))
        return Finding(step.name, step.missing) if is_missing else None
    if step.constraint is not None:
        env.own = value
        if not step.constraint(env):
            return Finding(step.name, step.broken, step.is_doubt)
    return None


def _steps(form: Form, positions: Mapping[str, int]) -> Iterator[_Step]:
    dated = _dated(form)
    hiding = {item.name for item in form.items if item.type == "group" and item.relevant is not None}
    for item in form.items:
        is_hidden_at_times = item.relevant is not None or item.group in hiding
        trees = (item.relevant, item.required, item.constraint)
        if item.type == "note" or (item.type == "group" and item.relevant is None):
            continue
        if (
            item.type != "calculate"
            and not is_hidden_at_times
            and not any(isinstance(one, tuple) for one in trees)
        ):
            continue
        yield _step(item, positions, is_hidden_at_times, dated)


def _step(item: Item, positions: Mapping[str, int], is_hidden_at_times: bool, dated: set[str]) -> _Step:
    def closure(tree: Tree | None) -> Closure | None:
        return compile_tree(tree, positions) if isinstance(tree, tuple) else None

    return _Step(
        item.name,
        item.type,
        positions.get(item.name) if item.is_field else None,
        item.group,
        closure(item.relevant),
        item.required is True and is_hidden_at_times,
        closure(item.required),
        closure(item.constraint),
        closure(item.calculation),
        item.constraint is not None and _is_dated(item.constraint, dated),
        item.required_message or _MISSING,
        item.constraint_message or _BROKEN,
    )


def _dated(form: Form) -> set[str]:
    """The calculations that depend on today's date."""
    found: set[str] = set()
    for item in form.items:
        if item.calculation is not None and _is_dated(item.calculation, found):
            found.add(item.name)
    return found


def _is_dated(tree: Tree, dated: set[str]) -> bool:
    return asks_for_today(tree) or not names_in(tree, "calculated").isdisjoint(dated)
