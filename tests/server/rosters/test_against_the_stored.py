"""A file compared with the stored roster: who is who, who came back, who left, and whom a file may not rename."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from server.rules.rosters.compare import Comparison, Stored, compare, exits
from server.rules.rosters.layout import find_layout
from server.rules.rosters.validate import Row, Table, validate_sheet, validate_together
from tests.server.rosters.people import ALL_TITLES, Person, context, person

WHO = person(3)  # 欧阳修远


def _row(who: Person) -> Row:
    table = [list(ALL_TITLES), who.all_cells()]
    layout = find_layout(table, [], context().words, {})
    assert layout is not None
    (row,) = validate_sheet(Table("表", table), layout, context(), [])
    validate_together([row])
    return row


def _stored(who: Person, **fields: Any) -> dict[tuple[str, str], Stored]:
    return {("id_card", who.certificate_number): Stored("w1", 1, {**_row(who).fields, **fields})}


def _compared(
    who: Person, stored: Mapping[tuple[str, str], Stored], seen: Mapping[str, str] | None = None
) -> tuple[Comparison, list[str]]:
    row = _row(who)
    done = compare([row], stored, seen or {})
    return done, [found.code for found in row.found]


@pytest.mark.parametrize("name", ["王磊", "李娜", "欧阳修", "欧阳明日"])
def test_a_number_under_another_name_is_rejected_and_nobody_is_renamed(name: str) -> None:
    done, codes = _compared(replace(WHO, name=name), _stored(WHO))
    assert (done.verdicts, done.changes, codes) == (["rejected"], [{}], ["name_differs"])
    assert done.absent == [], "he is named by his number"


@pytest.mark.parametrize(
    ("name", "stored"),
    [("欧阳休远", "欧阳修远"), ("买买提吐尔逊", "买买提·吐尔逊"), ("ALI KHAN", "Ali-Khan")],
)
def test_another_spelling_is_a_change_with_a_warning(name: str, stored: str) -> None:
    done, codes = _compared(replace(WHO, name=name), _stored(WHO, name=stored))
    assert (done.verdicts, done.changes) == (["changed"], [{"name": name}])
    assert codes == ["name_spelt_differently"]


def test_a_name_that_is_known_by_another_number_is_let_in_with_a_warning() -> None:
    other = replace(WHO, certificate_number=person(7).certificate_number)
    done, codes = _compared(other, _stored(WHO))
    assert (done.verdicts, codes) == (["new"], ["known_by_other_number"])


def test_nobody_leaves_before_he_was_last_seen() -> None:
    who, stored = replace(WHO, exited_on="2026-11-10"), _stored(WHO)
    assert exits([_row(who)], stored) == {"w1": "2026-11-10"}
    done, codes = _compared(who, stored, {"w1": "2026-11-12"})
    assert (done.verdicts, codes) == (["rejected"], ["exit_before_last_event"])
    done, codes = _compared(who, stored, {"w1": "2026-11-10"})
    assert (done.changes, codes) == ([{"exited_on": "2026-11-10"}], [])


def test_an_exit_that_is_known_is_no_news() -> None:
    who = replace(WHO, exited_on="2026-11-10")
    assert exits([_row(who)], _stored(who)) == {}
