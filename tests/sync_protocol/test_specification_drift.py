"""SPEC.md says what the code does: numbers, codes, outcomes, limits, vectors."""

from __future__ import annotations

import re

import pytest

from sync_protocol import cursor, entry, outcomes, signatures, stream, strict_json, time_bounds
from sync_protocol.vectors.make import FOLDER

SPEC = (FOLDER.parent / "SPEC.md").read_text(encoding="utf-8")
RULES = re.findall(r"^- \*\*M(\d+)\*\* (.*(?:\n  .*)*)", SPEC, re.MULTILINE)
LIMITS = SPEC.partition("## 18 Limits")[2].partition("## 19")[0]
CODES = SPEC.partition("## 19 Codes")[2].partition("## 20")[0]


def test_every_rule_has_a_number_of_its_own_says_must_and_gives_its_reason() -> None:
    # Parts grow, and a number is for good: rules are numbered without a gap, and need not stand in order.
    assert sorted(int(number) for number, _ in RULES) == list(range(1, len(RULES) + 1))
    for number, rule in RULES:
        assert re.search(r"\b(MUST|SHOULD|MAY)\b", rule), number
        assert re.search(r"\s\*[^\s*][^*]+\*", rule), f"M{number} gives no reason"


def test_every_code_stands_with_its_number_and_nothing_else_does() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| (\w+) \|", CODES, re.MULTILINE)
    assert rows == [(str(code.number), code.code, str(code.status or "entry")) for code in outcomes.CATALOGUE]
    assert bool(outcomes.RETIRED) != ("Retired numbers: none." in CODES)


def test_every_outcome_is_explained() -> None:
    part = SPEC.partition("## 9 Outcomes")[2].partition("## 10")[0]
    assert re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE) == list(outcomes.OUTCOMES)


@pytest.mark.parametrize(
    "limit",
    [
        f"{entry.MAX_ENTRIES} |",
        f"{entry.MAX_INFLATED_BYTES:,} bytes",
        f"{entry.MAX_LINE_BYTES:,} bytes",
        f"nesting | {entry.MAX_DEPTH} |",
        f"{entry.MAX_N:,} |",
        f"number | {strict_json.MAX_NUMBER_CHARS} |",
        f"{entry.MAX_NEEDS} / {entry.MAX_MEDIA} |",
        f"{entry.MAX_REASON_CHARS} characters",
        f"{signatures.MAX_NONCE_CHARS} characters",
        f"header | {entry.MAX_STREAMS:,} |",
        f"`unsent` | {entry.MAX_UNSENT:,} |",
        f"stream | {stream.MAX_ISLANDS:,} |",
        f"`missing` | {stream.MISSING_NAMED} |",
        f"cursor | {cursor.MAX_CURSOR_CHARS} characters",
        f"{signatures.MAX_SKEW_S} s",
        f"{outcomes.HELD_DAYS} days",
    ],
)
def test_every_limit_stands_in_the_table(limit: str) -> None:
    assert limit in LIMITS


def test_the_constants_of_time_are_the_ones_that_are_told() -> None:
    part = SPEC.partition("## 12 Time")[2].partition("## 13")[0]
    told = " ".join(part.split())
    assert f"{time_bounds.ALLOWANCE_MS:,} ms (the allowance, each way" in told
    assert f"drift, {time_bounds.DRIFT_PPM} ppm" in told
    assert f"within {time_bounds.STEADY_MS // 1000} s" in told
    assert f"bound = {time_bounds.CLAIMED_BOUND_MS // 3_600_000} h" in told
    assert f"more than {time_bounds.BACKFILL_TOLERANCE_MS:,} ms before the beacon" in told


def test_every_vector_file_is_listed_and_every_listed_one_is_there() -> None:
    part = SPEC.partition("## 20 Vectors")[2]
    listed = re.findall(r"^\| `(\w+\.json)` \|", part, re.MULTILINE)
    assert sorted(listed) == sorted(file.name for file in FOLDER.glob("*.json"))
