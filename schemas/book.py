"""All kinds of records at one moment, as one value: those in code, and the published forms with all their versions.

Built once for each state of the reference data and passed down. Nothing below the endpoints needs another registry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any

from schemas.compiled import Reader, Versions
from schemas.forms.conditions import ANYWHERE, Context
from schemas.forms.definition import Form, read, written
from schemas.forms.json_schema import body_json_schema, variant
from schemas.forms.kind import FormKind
from schemas.forms.limits import ALL_FORMS_BYTES_MAX, FORMS_MAX
from schemas.forms.shipped import shipped_apart_from
from schemas.forms.surroundings import ONCE_CODE
from schemas.forms.validate import Verdict, refused
from schemas.json_schema import document
from schemas.kinds import AnyKind, Kinds, all_json_schemas, kinds_knowing, validate_of
from schemas.lists import Lists, lists_with

__all__ = ["SHIPPED", "AnyKind", "BookFull", "FormBook", "NumberOn", "form_book"]

NumberOn = Callable[[str, str], float | None]  # the number of a rule on a local date; None without one

_EPOCH = date(1970, 1, 1).toordinal()
_SHANGHAI_MS, _DAY_MS = 8 * 3_600_000, 86_400_000  # no summer time since 1991
_UNKNOWN_VERSION = "服务器上没有这张表单的这个版本, 记录已保留, 发布后会重新处理。"
_UNKNOWN_FORM = "没有这张表单, 记录已保留, 发布后会重新处理。"
_VOID_NAMES_FORM = "作废的记录行不带 form。"


class BookFull(Exception):
    """More forms than tablets are asked to hold."""


def no_number(_: str, __: str) -> None:
    """Where no rule is known."""


@dataclass(frozen=True)
class FormBook:
    """`kinds`: every kind by its name, of a form the latest version; `forms`: by code, all versions, by number; `number`:
    of a rule on a date; `known`: the lists that are reference data; `spared`: fields of a person for which some kind of site
    does not ask."""

    kinds: Kinds
    forms: Mapping[str, Versions]
    number: NumberOn
    known: Lists
    spared: tuple[str, ...] = ()

    def __contains__(self, name: object) -> bool:
        return name in self.kinds

    def __iter__(self) -> Iterator[str]:
        """The names of all kinds."""
        return iter(self.kinds)

    def get(self, name: str, version: int | None = None) -> AnyKind | None:
        """A kind; of a form the version, or the latest one."""
        if version is None:
            return self.kinds.get(name)
        return self.forms[name].get(version) if name in self.forms else None

    def versions(self, name: str) -> tuple[AnyKind, ...]:
        """All versions of a kind, the latest first; a kind in code has one."""
        if name in self.forms:
            return tuple(self.forms[name][number] for number in sorted(self.forms[name], reverse=True))
        return (self.kinds[name],) if name in self.kinds else ()

    @cached_property
    def reader(self) -> Reader:
        """The compiled readers of all of them."""
        return Reader(self.kinds, self.forms, self.context_of)

    def context_of(self, entry: Any) -> Context:
        """What the body of an entry is validated in: the local date that it claims, and the rules of that date."""
        at = entry.at
        at_ms = at.wall_ms if at.observed_ms is None else at.observed_ms
        today = date.fromordinal(_EPOCH + (at_ms + _SHANGHAI_MS) // _DAY_MS).isoformat()
        promised = frozenset(str(one["sha256"]) for one in entry.media)
        return Context(today, lambda code: self.number(code, today), promised)

    def kind_of(self, name: str, act: str, version: int | None) -> AnyKind | Verdict:
        """The kind, or the version of a form, by which an entry was written; or why it can't be said. `version`: the
        entry's `form`."""
        if name not in self.forms:
            if version is not None:
                return refused("unknown_form", "/form", _UNKNOWN_FORM)
            known = self.kinds.get(name)
            return known or refused("unknown_kind", "/kind", "没有这种记录, 请升级应用后重试。")
        if act == "void":
            if version is not None:
                return refused("unknown_form", "/form", _VOID_NAMES_FORM)
            return self.kinds[name]
        number = 1 if version is None and name in ONCE_CODE else version
        kind = self.forms[name].get(number) if number is not None else None
        return kind or refused("unknown_form", "/form", _UNKNOWN_VERSION)

    def validate(
        self, name: str, act: str, body: Any, version: int | None = None, context: Context = ANYWHERE
    ) -> Verdict:
        """The body of an entry of any kind. `version`: the entry's `form`."""
        found = self.kind_of(name, act, version)
        return found if isinstance(found, Verdict) else validate_of(found, act, body, context)

    def with_form(self, form: Form) -> FormBook:
        """The book with one more version of a form. Raises BookFull."""
        forms = [kind.form for versions in self.forms.values() for kind in versions.values()]
        if len({one.code for one in (*forms, form)}) > FORMS_MAX:
            raise BookFull
        if sum(len(written(one)) for one in (*forms, form)) > ALL_FORMS_BYTES_MAX:
            raise BookFull
        return _book((*forms, form), self.number, self.known, self.spared)

    def json_schemas(self) -> dict[str, dict[str, Any]]:
        """The JSON Schema of each kind's body: of a form, of its latest version."""
        return all_json_schemas(self.kinds)

    def variants(self) -> dict[str, Any]:
        """What an entry that adds may be, as the `oneOf` of OpenAPI: kind, version and body belong together."""
        variants = [
            variant(name, None, document(kind.title, kind.whole))
            for name, kind in self.kinds.items()
            if kind.nature != "server" and not kind.own and name not in self.forms
        ]
        for name, versions in self.forms.items():
            variants += [
                variant(
                    name, version, body_json_schema(kind.form, kind.whole), name in ONCE_CODE and version == 1
                )
                for version, kind in sorted(versions.items())
            ]
        return {"oneOf": variants}


def form_book(
    forms: Iterable[Form] = (),
    codes: Mapping[str, Iterable[str]] = MappingProxyType({}),
    number: NumberOn = no_number,
    spared: Iterable[str] = (),
) -> FormBook:
    """The book of what comes with the server and of these forms, where reference data has these codes, by noun, and spares
    some kind of site these fields of a person."""
    published = tuple(forms)
    every = (*shipped_apart_from(published), *published)
    return _book(every, number, lists_with(codes), tuple(sorted(set(spared))))


def _book(forms: Iterable[Form], number: NumberOn, known: Lists, spared: tuple[str, ...]) -> FormBook:
    kinds, versions = kinds_knowing(known, spared), dict[str, dict[int, FormKind]]()
    for form in forms:
        kind = kinds.get(form.code)
        if not isinstance(kind, FormKind) or kind.form != form:
            kind = _kind_of(written(form), tuple(known.items()))
        versions.setdefault(form.code, {})[form.version] = kind
    latest = {code: of[max(of)] for code, of in versions.items()}
    return FormBook(
        MappingProxyType({**kinds, **latest}),
        MappingProxyType({code: MappingProxyType(dict(sorted(of.items()))) for code, of in versions.items()}),
        number,
        known,
        spared,
    )


@lru_cache(maxsize=1024)  # what was compiled of a form stays when another one is published
def _kind_of(text: bytes, known: tuple[tuple[str, tuple[str, ...]], ...]) -> FormKind:
    return FormKind(read(text)).knowing(dict(known))


SHIPPED = form_book()
