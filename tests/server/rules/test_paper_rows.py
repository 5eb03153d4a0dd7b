"""Rows of papers are checked before they are loaded: what no lawyer would let pass is refused, and named."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from schemas.book import form_book
from schemas.forms.shipped import shipped_apart_from
from server.actions.reference.load_reference import seed_rows
from server.rules.reference_faults import reference_faults

_FILES = dict(seed_rows())
_KINDS = form_book(shipped_apart_from(())).kinds
_NOUNS = ("paper_kinds", "bases", "remedies", "number_series", "officers", "paper_pages", "bureau_facts")


def faults_of(change: Callable[[Mapping[str, list[dict[str, Any]]]], object]) -> set[tuple[str, str]]:
    """What is wrong with the shipped rows after a change, as (code of the row, fault)."""
    files = json.loads(json.dumps(_FILES))
    change(files)
    return {(one.code, one.fault) for one in reference_faults(files, {}, _KINDS) if one.noun in _NOUNS}


def row(files: Mapping[str, list[dict[str, Any]]], noun: str, code: str) -> dict[str, Any]:
    return next(one for one in files[noun] if one["code"] == code)


def test_what_is_shipped_has_no_fault() -> None:
    assert faults_of(lambda files: None) == set()


def _set(noun: str, code: str, **changes: Any) -> Callable[[Mapping[str, list[dict[str, Any]]]], object]:
    return lambda files: row(files, noun, code).update(changes)


def _add_line(code: str, line: str) -> Callable[[Mapping[str, list[dict[str, Any]]]], object]:
    return lambda files: row(files, "paper_kinds", code)["lines"].append(line)


def _drop_line(code: str, line: str) -> Callable[[Mapping[str, list[dict[str, Any]]]], object]:
    return lambda files: row(files, "paper_kinds", code)["lines"].remove(line)


def _drop_required(code: str, name: str) -> Callable[[Mapping[str, list[dict[str, Any]]]], object]:
    return lambda files: row(files, "paper_kinds", code)["required"].remove(name)


def _unproved(files: Mapping[str, list[dict[str, Any]]]) -> None:
    files["bases"][:] = [one for one in files["bases"] if one["power"] != "order"]


@pytest.mark.parametrize(
    ("change", "code", "fault"),
    [
        (_add_line("order", "{nobody_knows}"), "order", "field_unknown"),
        (_add_line("order", "[unheard]"), "order", "field_unknown"),
        (_add_line("order", "[items place]"), "order", "field_unknown"),
        (_add_line("order", "{orders}"), "order", "field_unknown"),
        (_add_line("order", "没有合上的 {site"), "order", "field_unknown"),
        (_add_line("forwarding_slip", "{symptoms}"), "forwarding_slip", "health_field"),
        (_set("paper_kinds", "order", issuer="section"), "order", "issuer_unfit"),
        (_set("paper_kinds", "order", officers=1), "order", "officers_lacking"),
        (_set("paper_kinds", "order", remedy=False), "order", "remedy_lacking"),
        (_drop_line("order", "[remedy]"), "order", "remedy_lacking"),
        (_add_line("advice", "[remedy]"), "advice", "remedy_unfit"),
        (_set("paper_kinds", "advice", name="责令整改书"), "advice", "power_lacking"),
        (_drop_required("stop_order", "hazard"), "stop_order", "hazard_lacking"),
        (_set("paper_kinds", "order", numbering="unheard"), "order", "series_unknown"),
        (_set("paper_kinds", "order", required=["symptoms"]), "order", "required_unused"),
        (_unproved, "order", "basis_lacking"),
        (_set("bases", "hazard", mark="M"), "hazard", "basis_unproved"),
        (_set("bases", "major_hazard", hazard=False), "major_hazard", "hazard_lacking"),
        (_set("bases", "fence", duties=["UNHEARD"]), "fence", "duty_unknown"),
        (_set("remedies", "order", line="可以起诉"), "order", "remedy_unfit"),
        (_set("bureau_facts", "office_hours", value="上午"), "office_hours", "hours_unfit"),
        (_set("bases", "fence", unheard="x"), "fence", "row_invalid"),
    ],
)
def test_a_row_that_would_not_stand_is_refused(
    change: Callable[[Mapping[str, list[dict[str, Any]]]], object], code: str, fault: str
) -> None:
    assert (code, fault) in faults_of(change)


def test_an_officer_has_a_certificate_and_a_unit_of_the_bureau() -> None:
    base = {"code": "x", "name": "张某", "source": "s", "mark": "P", "from": "2026-01-01", "to": None}

    def add(**more: str) -> Callable[[Mapping[str, list[dict[str, Any]]]], object]:
        return lambda files: files["officers"].append({**base, **more})

    assert faults_of(add(certificate="16070001", unit="zhian")) == set()
    assert ("x", "row_invalid") in faults_of(add(certificate="", unit="zhian"))
    assert ("x", "unit_unknown") in faults_of(add(certificate="16070001", unit="nowhere"))
