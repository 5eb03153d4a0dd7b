"""Every number of a flag can say where it comes from."""

from __future__ import annotations

import pytest

from server.actions.reference.load_reference import seed_rows
from server.rules.cases import CASE
from server.rules.duties.sources import flag_sources, term
from server.rules.flags.escalation import SILENT
from server.rules.rulebook import Rulebook, rulebook

DAY = "2026-11-24"


@pytest.fixture(scope="module")
def book() -> Rulebook:
    rows: dict[str, list[dict[str, object]]] = {}
    for noun, found in seed_rows():
        rows.setdefault(noun, []).extend({**row, "from": row["from"] or ""} for row in found)
    return rulebook("test", rows)


@pytest.mark.parametrize(
    ("duty", "alert", "expected"),
    [
        ("DISINFECT", "normal", ("时段", "武汉市 2021 年要求")),
        ("DISINFECT", "raised", ("时段", "上海市 2022 年要求")),
        ("TEMP", "raised", ("时段", "转载的国家指南")),  # without a raised row the normal one holds
        (SILENT, "normal", ("时段失联多久后开立失联标记", "建议值")),
        (CASE, "normal", ("病例报备时限", "突发公共卫生事件应急条例")),
    ],
)
def test_a_flag_names_what_its_numbers_follow(
    book: Rulebook, duty: str, alert: str, expected: tuple[str, str]
) -> None:
    sources = flag_sources(book, duty, alert, book.policy(DAY), DAY)
    (found,) = [source for source in sources if source.about == expected[0]]
    assert expected[1] in found.source
    assert sources[-1].about == "办理期限"
    assert all(source.source and source.mark for source in sources)


@pytest.mark.parametrize(
    ("starts", "severity", "expected"),
    [
        ("ordered", "severe", "24 小时"),
        ("ordered", "facilities", "168 小时"),
        ("submitted", "severe", "3 个工作日"),
    ],
)
def test_a_move_says_how_long_the_policy_gives(
    book: Rulebook, starts: str, severity: str, expected: str
) -> None:
    assert term(book.policy(DAY), (starts,), severity) == expected


def test_a_move_that_starts_nothing_gives_no_time(book: Rulebook) -> None:
    assert term(book.policy(DAY), (), "severe") == ""
