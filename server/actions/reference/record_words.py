"""Fields of records in words, by what their kinds declare: titles, and values of closed lists, of reference data, people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.actions.reference.name_codes import Names

_YES_NO = {"True": "是", "False": "否", "true": "是", "false": "否"}


def title(names: Names, kind: str, name: str) -> str:
    """The title of a field of a kind; its name where it has no title."""
    field = _field(names, kind, name)
    return str(field.metadata["title"]) if field is not None else name


def _field(names: Names, kind: str, name: str) -> Any:
    """A field as it is declared, of a form by its latest version that has it; of a line of no kind, that of any kind that
    has such a field."""
    versions = names.kinds.versions(kind)
    found = next((one.whole.fields[name] for one in versions if name in one.whole.fields), None)
    kinds = names.kinds.kinds.values()
    others = (one.whole.fields.get(name) for one in kinds if one.nature != "server")
    return found if found is not None else next((one for one in others if one is not None), None)


def coded(names: Names, kind: str, name: str, code: str) -> str | None:
    """The word for a code of a closed list, or of reference data; None where the field has no such list."""
    field = _field(names, kind, name)
    declared = field.metadata if field is not None else {}
    if "words" in declared:
        return str(declared["words"].get(code, code))
    return names.of(declared["noun"], code) if "noun" in declared else None


def value(names: Names, kind: str, name: str, text: str, people: Mapping[str, str]) -> str:
    """A field's value, as text, in words: closed lists, names of reference data, yes and no, people by id."""
    word = coded(names, kind, name, text)
    if word is not None:
        return word
    return people[text] if text in people else _YES_NO.get(text, text)
