"""SPEC.md says what the code does: numbers, codes, outcomes, limits, vectors."""

from __future__ import annotations

import json
import re

import pytest

from server.actions.reference.load_reference import SEED_DATA
from server.rules.duties import backfill
from sync_protocol import cursor, entry, header, intervals, outcomes, signatures, stream, strict_json
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


def test_every_code_is_listed_with_its_number_and_nothing_else_is() -> None:
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
        f"header | {header.MAX_STREAMS:,} |",
        f"`unsent` | {header.MAX_UNSENT:,} |",
        f"stream | {stream.MAX_ISLANDS:,} |",
        f"`missing` | {stream.MISSING_NAMED} |",
        f"cursor | {cursor.MAX_CURSOR_CHARS} characters",
        f"{signatures.MAX_SKEW_S} s",
        f"{outcomes.HELD_DAYS} days",
    ],
)
def test_every_limit_is_in_the_table(limit: str) -> None:
    assert limit in LIMITS


def test_the_constants_of_time_are_the_ones_that_are_written_down() -> None:
    part = " ".join(SPEC.partition("## 12 Time")[2].partition("## 13")[0].split())
    assert f"its arrival − {intervals.TRANSIT_MS // 1000} s" in part
    assert f"widened by {intervals.DRIFT_PPM} ppm" in part
    assert f"the difference of `wall`, ± {intervals.WALL_MS // 1000} s" in part
    assert f"the last known offset ± {intervals.FILE_MS // 60_000} min" in part
    assert f"latest bound + {backfill.AFTER_MS // 60_000} min" in part


def test_the_rules_of_the_server_have_the_numbers_that_are_written_down() -> None:
    rows = json.loads((SEED_DATA / "rules.json").read_text("utf-8"))["rows"]
    numbers = {row["code"]: row["value"] for row in rows}
    assert f"{numbers['backfill_max_h']} h (a rule of the server, `backfill_max_h`)" in " ".join(SPEC.split())
    assert f"{numbers['unassigned_grace_h']} h (`unassigned_grace_h`)" in " ".join(SPEC.split())
    assert f"{numbers['device_dormant_d']} days (`device_dormant_d`)" in " ".join(SPEC.split())


def test_every_vector_file_is_listed_and_every_listed_one_is_there() -> None:
    part = SPEC.partition("## 20 Vectors")[2]
    listed = re.findall(r"^\| `(\w+\.json)` \|", part, re.MULTILINE)
    assert sorted(listed) == sorted(file.name for file in FOLDER.glob("*.json"))
