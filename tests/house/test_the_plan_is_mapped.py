"""The notice is in the reference data word for word, and every measure in it has the duties that carry it out."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from server.actions.reference.load_reference import SEED_DATA
from server.files.pack_files import read_pack, sheet_rows, shipped_packs

EXHORTATIONS_MAX = 5
KINDS = ("measure", "exhortation", "heading", "leaders", "units", "title")


def rows(noun: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((SEED_DATA / f"{noun}.json").read_text("utf-8"))["rows"]
    return found


ROWS = rows("measures")
PACKS = [read_pack(name) for name in shipped_packs()]
PLANS = {"notice_2021": ROWS} | {
    pack.code: pack.rows["measures"] for pack in PACKS if "measures" in pack.rows
}
MEASURES = [row for some in PLANS.values() for row in some if row["kind"] == "measure"]
NUMBERS = {row["code"] for row in [*rows("rules"), *(row for pack in PACKS for row in pack.rows["rules"])]}


def duties() -> set[str]:
    """Every duty that comes with the server: in its files, in packs' files, and in their forms; and every step of cases."""
    found = {row["code"] for row in [*rows("duties"), *rows("case_steps")]}
    for pack in PACKS:
        found |= {row["code"] for row in pack.rows["duties"]}
        found |= {row["code"] for _, tables in pack.forms for row in sheet_rows(tables, "duties")}
    return found


DUTIES = duties()


def test_the_pieces_are_the_notice_word_for_word() -> None:
    text = (SEED_DATA / "notice.txt").read_text("utf-8")
    assert [row["code"] for row in ROWS] == sorted(row["code"] for row in ROWS)
    assert "".join(re.sub(r"\s", "", row["text"]) for row in ROWS) == re.sub(r"\s", "", text)


@pytest.mark.parametrize("row", MEASURES, ids=lambda row: row["code"])
def test_every_measure_has_duties_that_there_are(row: dict[str, Any]) -> None:
    assert row["duties"] and set(row["duties"]) <= DUTIES
    assert set(row["numbers"]) <= NUMBERS


def test_every_kind_of_site_belongs_to_one_task_whose_leaders_the_text_names() -> None:
    led = [row for row in ROWS if row["kind"] == "leaders"]
    kinds = [row["code"] for row in rows("site_kinds")]
    kinds += [row["code"] for pack in PACKS if pack.code == "notice_2021" for row in pack.rows["site_kinds"]]
    assert sorted(kind for row in led for kind in row["site_kinds"]) == sorted(kinds)
    for row in led:
        assert row["text"] == f"责任领导：{'、'.join(row['leaders'])}"


@pytest.mark.parametrize("rows", PLANS.values(), ids=PLANS)
def test_what_has_no_duty_is_a_few_exhortations_with_their_reasons(rows: list[dict[str, Any]]) -> None:
    assert {row["kind"] for row in rows} == set(KINDS)
    unmapped = [row for row in rows if row["kind"] == "exhortation"]
    assert len(unmapped) <= EXHORTATIONS_MAX
    assert all(row["why"] for row in unmapped)
    # Whatever else has no duty says who and where, and asks for nothing.
    others = [row["text"] for row in rows if row["kind"] not in ("measure", "exhortation")]
    assert all("，" not in text for text in others if not text.startswith("领导小组下设")), others


def test_every_duty_of_a_site_carries_out_some_measure() -> None:
    named = {code for row in MEASURES for code in row["duties"]}
    assert DUTIES - named == {"SILENT"}
