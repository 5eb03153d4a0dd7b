"""How people write a field of a person in a roster: the column above it, and what its cells say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Reads = Literal[
    "text", "date", "phone", "choice", "yes_no", "number", "name", "certificate", "company", "trade"
]


@dataclass(frozen=True, slots=True)
class Column:
    """The column of one field. Its title is the field's; what else people write above such a column is reference data
    (`header.<field>` in seed_data/roster_words.json), as are further words for the values of a list.

    `reads`: how a cell is read (None: as the type of the field says). `missing`: the problem of an empty cell, which keeps
    the row out (None: it may be empty). `wrong`: the problem of a cell that cannot be read (None: the usual one of
    `reads`). `own`: of one person alone, never of all under a merged cell. `given`: one value may be true of everybody
    on a list. `known`: follows from other cells when this one is empty. `none`: 无 is an empty cell. `listed`: shown in the
    console's list of people. `width`: of the column in workbooks, in characters.
    """

    reads: Reads | None = None
    missing: str | None = None
    wrong: str | None = None
    own: bool = False
    given: bool = False
    known: bool = False
    none: bool = False
    listed: bool = True
    width: int = 12
