"""All kinds as one installation knows them: with the lists that its reference data has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from schemas.compiled import Reader, reader_of
from schemas.kinds import KINDS, Kinds, kinds_knowing
from schemas.lists import Lists, lists_with


@dataclass(frozen=True, slots=True)
class KindBook:
    """The kinds, and their compiled readers."""

    kinds: Kinds
    reader: Reader


SHIPPED = KindBook(KINDS, reader_of(KINDS))


def kind_book(codes: Mapping[str, Iterable[str]]) -> KindBook:
    """The kinds where reference data has these codes, by noun; SHIPPED where it has no others than are shipped."""
    return _book(tuple(sorted(lists_with(codes).items())))


@lru_cache(maxsize=8)
def _book(known: tuple[tuple[str, tuple[str, ...]], ...]) -> KindBook:
    lists: Lists = dict(known)
    kinds = kinds_knowing(lists)
    return SHIPPED if kinds is KINDS else KindBook(kinds, reader_of(kinds))
