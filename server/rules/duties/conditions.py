"""What a duty asks of a record: an expression over the fields and calculations of its kind, compiled as forms' are.

A duty may also name `place.m2` and `place.capacity`. One that does not hold says what was needed and what was found. Where
something that it names is not there (a field of an older form, a place whose area nobody entered), nobody can tell: that
accuses nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

from marshmallow import fields as shapes

from schemas.expressions.check import (
    ANY,
    NUMBER,
    PLACE_TYPES,
    TEXT,
    UNKNOWN,
    Known,
    Tree,
    Type,
    compile_condition,
)
from schemas.expressions.evaluate import Closure, Env, Rules, compile_tree, names_in, no_rules, shown
from schemas.fields import RealDate, RealInstant
from schemas.forms.conditions import Context
from schemas.forms.definition import Form
from schemas.forms.kind import FormKind
from schemas.kind import with_role
from schemas.kinds import AnyKind

_FORM_TYPES = {
    **dict.fromkeys(("integer", "decimal"), "number"),
    **{"text": "text", "date": "date", "time": "time", "dateTime": "instant"},
    **{"select_one": "choice", "select_multiple": "choices", "acknowledge": "ack"},
}
_TEXTUAL_FILES = ("items", "areas")
_WORDS = {"<=": "应不超过", ">=": "应不少于", "<": "应小于", ">": "应大于", "=": "应为", "!=": "不应为"}
_TURNED = {"<=": ">=", ">=": "<=", "<": ">", ">": "<", "=": "=", "!=": "!="}
_PLACE_WORDS = {"place.m2": "场所面积", "place.capacity": "场所容量"}


class Surrounding(NamedTuple):
    """What an expression may ask for besides the record: the local date of its event, the numbers of that date, what is
    known of its place."""

    today: str
    rule: Rules = no_rules
    place: Mapping[str, float | None] = {}


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a condition holds (None: nobody can tell), and where it does not: what was needed and found, in words, and
    as numbers where they are whole."""

    holds: bool | None
    words: str = ""
    need: int | None = None
    have: int | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition on records of a kind."""

    kind: AnyKind
    tree: Tree
    _names: tuple[str, ...] = field(init=False)
    _calculated: frozenset[str] = field(init=False)
    _holds: Closure = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_names", tuple(sorted(names_in(self.tree, "field"))))
        object.__setattr__(self, "_calculated", frozenset(names_in(self.tree, "calculated")))
        object.__setattr__(self, "_holds", compile_tree(self.tree, self._positions))

    @property
    def names(self) -> tuple[str, ...]:
        """The fields that it names; of a calculation, none that it is made of."""
        return self._names

    @property
    def is_calculated(self) -> bool:
        """Whether it names a calculation, for which it may look at any field."""
        return bool(self._calculated)

    @property
    def _positions(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self._names)}

    def find(self, body: Mapping[str, Any], around: Surrounding) -> Finding:
        """What a record's body says. Total: any body gives a finding."""
        env = self._env(body, around)
        if self._holds(env):
            return Finding(True)
        asked, calculated = names_in(self.tree, "rule"), env.calculated
        is_known = None not in env.values and all(
            calculated.get(name) is not None for name in self._calculated
        )
        if not is_known or any(around.rule(code) is None for code in asked):
            return Finding(None)
        return self._fault(env)

    def holds(self, body: Mapping[str, Any], around: Surrounding) -> bool:
        """Whether it holds for a record's body, for every fact of every push: without a word of why not."""
        return bool(self._holds(self._env(body, around)))

    def _env(self, body: Mapping[str, Any], around: Surrounding) -> Env:
        values: Mapping[str, Any] = body
        calculated: dict[str, Any] = {}
        if self._calculated and isinstance(self.kind, FormKind):
            values, calculated = self.kind.conditions.calculated(body, Context(around.today, around.rule))
        named = [around.place.get(name) if name in PLACE_TYPES else values.get(name) for name in self._names]
        return Env(named, calculated, None, around.today, around.rule)

    def _value(self, tree: Tree, env: Env) -> Any:
        return compile_tree(tree, self._positions)(env)

    def _fault(self, env: Env) -> Finding:
        """The parts that all have to hold, and do not."""
        words, need, have = [], None, None
        for tree in _parts(self.tree):
            if self._value(tree, env):
                continue
            if tree[0] not in _WORDS:
                words.append("不符合规定的条件")
                continue
            op, _, left, right = tree
            if left[0] in ("number", "text", "rule"):
                op, left, right = _TURNED[op], right, left
            found, wanted = (shown(self._value(one, env)) for one in (left, right))
            words.append(f"{self._label(left)}{_WORDS[op]} {_text(wanted)}, 实为 {_text(found)}")
            if need is None and _is_count(found) and _is_count(wanted):
                need, have = wanted, found
        return Finding(False, "; ".join(words), need, have)

    def _label(self, tree: Tree) -> str:
        """What people call this side of a comparison."""
        if tree[0] not in ("field", "calculated"):
            return "结果"
        name = str(tree[1])
        if name in _PLACE_WORDS:
            return _PLACE_WORDS[name]
        if isinstance(self.kind, FormKind):
            return next((item.label for item in self.kind.form.items if item.name == name), name)
        return str(self.kind.whole.fields[name].metadata.get("title", name))


def condition(text: str, kind: AnyKind, rules: Any = None) -> Condition:
    """The compiled condition of a duty that asks for records of this kind. Raises ExpressionFault. `rules`: the codes that
    there are; None: any may be named."""
    tree = compile_condition(text, Known({**types_of(kind), **PLACE_TYPES}, rules=rules))
    return Condition(kind, tree)


def field_with(kind: AnyKind, role: str) -> str | None:
    """The field of a kind that has this role."""
    if isinstance(kind, FormKind):
        return next((item.name for item in kind.form.fields if item.role == role), None)
    return with_role(kind.whole, role)


def labels_of(kind: AnyKind, name: str) -> dict[str, str]:
    """What people call the choices of a form's field."""
    items = kind.form.items if isinstance(kind, FormKind) else ()
    lists = (kind.form.lists[item.list] for item in items if item.name == name and item.list) if items else ()  # type: ignore[union-attr]
    return {choice.name: choice.label for choice in chain.from_iterable(lists)}


def types_of(kind: AnyKind) -> dict[str, Type]:
    """The types of a kind's fields and calculations, as expressions know them."""
    if isinstance(kind, FormKind):
        return dict(_types_of_form(kind.form))
    return {name: _type_of(one) for name, one in kind.whole.fields.items()}


def _types_of_form(form: Form) -> Iterator[tuple[str, Type]]:
    for item in form.items:
        if item.type == "calculate":
            yield item.name, Type(item.gives or "any", calculated=True)
        elif item.type == "select_one_from_file":
            yield item.name, TEXT if item.file in _TEXTUAL_FILES else ANY
        elif item.is_field:
            yield item.name, Type(_FORM_TYPES.get(item.type, "any"), form.choices(item))


def _type_of(one: shapes.Field[Any]) -> Type:
    checks = one.validators
    choices = tuple(chain.from_iterable(getattr(check, "choices", ()) for check in checks))
    if isinstance(one, shapes.Boolean):
        return Type("ack")
    if isinstance(one, shapes.Number):
        return NUMBER
    if choices:
        return Type("choice", choices)
    if any(isinstance(check, RealDate) for check in checks):
        return Type("date")
    if any(isinstance(check, RealInstant) for check in checks):
        return Type("instant")
    return TEXT if isinstance(one, shapes.String) else UNKNOWN


def _parts(tree: Tree) -> Iterator[Tree]:
    """What has to hold; of alternatives the last one, which is the usual case."""
    if tree[0] not in ("and", "or"):
        yield tree
        return
    for part in tree[1:] if tree[0] == "and" else tree[-1:]:
        yield from _parts(part)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and 0 <= value <= 10**6
