"""All kinds of records at one moment, as one value: those in code, and the published forms with all their versions.

Built once for each state of the reference data and passed down. Nothing below the endpoints needs another registry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from schemas.book import SHIPPED, KindBook
from schemas.forms.conditions import ANYWHERE, Context
from schemas.forms.definition import Form, written
from schemas.forms.json_schema import body_json_schema, variant
from schemas.forms.kind import FormKind
from schemas.forms.limits import ALL_FORMS_BYTES_MAX, FORMS_MAX
from schemas.forms.surroundings import ONCE_CODE
from schemas.forms.validate import Verdict, refused, validate_form_body
from schemas.json_schema import document
from schemas.kinds import validate_body
from schemas.places import PlaceFields

Versions = Mapping[int, FormKind]


class AnyKind(Protocol):
    """What kinds in code and forms have in common."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def nature(self) -> Any: ...
    @property
    def sealed(self) -> bool: ...
    @property
    def own(self) -> bool: ...
    @property
    def acts(self) -> tuple[str, ...]: ...
    @property
    def fields(self) -> tuple[str, ...]: ...
    @property
    def merge_rules(self) -> Mapping[str, Any]: ...
    @property
    def server_only(self) -> frozenset[str]: ...
    @property
    def subject_field(self) -> str | None: ...
    @property
    def slot_field(self) -> str | None: ...
    @property
    def place_fields(self) -> PlaceFields | None: ...
    @property
    def whole(self) -> Any: ...
    @property
    def partial(self) -> Any: ...


class BookFull(Exception):
    """More forms than tablets are asked to hold."""


@dataclass(frozen=True)
class FormBook:
    """`code`: the kinds in code of an installation; `forms`: by code, all versions, by number. A form takes the place of a
    kind in code of its name, which only those that were code before have."""

    code: KindBook
    forms: Mapping[str, Versions]

    def __contains__(self, name: object) -> bool:
        return name in self.forms or name in self.code.kinds

    def __iter__(self) -> Iterator[str]:
        """The names of all kinds."""
        return iter(dict.fromkeys((*self.code.kinds, *self.forms)))

    def get(self, name: str, version: int | None = None) -> AnyKind | None:
        """A kind; of a form the version, or the latest one."""
        versions = self.forms.get(name)
        if versions is None:
            return self.code.kinds.get(name) if version is None else None
        return versions.get(max(versions) if version is None else version)

    def version_of(self, name: str, act: str, version: int | None) -> FormKind | Verdict:
        """The version of a form by which an entry was written; or why it can't be said."""
        versions = self.forms[name]
        if act == "void":
            if version is not None:
                return refused("unknown_form", "/form", "作废的记录行不带 form。")
            return versions[max(versions)]
        if version is None and name in ONCE_CODE:
            version = 1
        kind = versions.get(version) if version is not None else None
        if kind is None:
            return refused(
                "unknown_form", "/form", "服务器上没有这张表单的这个版本, 记录已保留, 发布后会重新处理。"
            )
        return kind

    def validate(
        self, name: str, act: str, body: Any, version: int | None = None, context: Context = ANYWHERE
    ) -> Verdict:
        """The body of an entry of any kind. `version`: the entry's `form`."""
        if name in self.forms:
            found = self.version_of(name, act, version)
            return found if isinstance(found, Verdict) else validate_form_body(found, act, body, context)
        if version is not None:
            return refused("unknown_form", "/form", "没有这张表单, 记录已保留, 发布后会重新处理。")
        return Verdict(*validate_body(name, act, body, self.code.kinds))

    def with_form(self, form: Form) -> FormBook:
        """The book with one more version of a form. Raises BookFull."""
        forms = [kind.form for versions in self.forms.values() for kind in versions.values()]
        book = form_book([*forms, form], self.code)
        if (
            len(book.forms) > FORMS_MAX
            or sum(len(written(one)) for one in [*forms, form]) > ALL_FORMS_BYTES_MAX
        ):
            raise BookFull
        return book

    def json_schemas(self) -> dict[str, dict[str, Any]]:
        """The JSON Schema of each kind's body: of a form, of its latest version."""
        shown = {}
        for name in self:
            kind = self.get(name)
            if isinstance(kind, FormKind):
                shown[name] = body_json_schema(kind.form, kind.whole)
            elif kind is not None:
                shown[name] = document(kind.title, kind.whole)
        return shown

    def variants(self) -> dict[str, Any]:
        """What an entry that adds may be, as the `oneOf` of OpenAPI: kind, version and body belong together."""
        variants = [
            variant(name, None, document(kind.title, kind.whole))
            for name, kind in self.code.kinds.items()
            if kind.nature != "server" and name not in self.forms
        ]
        for name, versions in self.forms.items():
            variants += [
                variant(
                    name, version, body_json_schema(kind.form, kind.whole), name in ONCE_CODE and version == 1
                )
                for version, kind in sorted(versions.items())
            ]
        return {"oneOf": variants}


def form_book(forms: Iterable[Form] = (), code: KindBook = SHIPPED) -> FormBook:
    """The book of these kinds in code and these forms."""
    versions: dict[str, dict[int, FormKind]] = {}
    for form in forms:
        versions.setdefault(form.code, {})[form.version] = FormKind(form)
    return FormBook(code, MappingProxyType({name: MappingProxyType(of) for name, of in versions.items()}))
