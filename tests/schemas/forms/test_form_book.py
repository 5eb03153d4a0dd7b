"""The book has kinds in code and forms alike, and says by which version an entry is read."""

from __future__ import annotations

import pytest

from schemas.book import SHIPPED, BookFull, FormBook, form_book
from schemas.forms.limits import ALL_FORMS_BYTES_MAX
from schemas.kinds import KINDS, validate_body
from tests.schemas.forms.cast import LABEL, compiled, form, pond
from tests.schemas.forms.made_forms import UUID

ROUND = {"place_id": UUID, "minutes": 7, "look": "clear"}
CHECK = {"worker": UUID, "celsius": 36.5, "slot": "before_work", "point": "gate"}


def book() -> FormBook:
    second = pond(settings_2={"version": 2}, choices_7={"list_name": "look", "name": "dry", LABEL: "干涸"})
    return form_book([form("pond_round"), compiled(second).form])


def test_every_kind_in_code_is_judged_as_before() -> None:
    for body in (CHECK, {**CHECK, "celsius": 99}, {**CHECK, "extra": 1}):
        verdict = book().validate("temperature_check", "add", body)
        assert (verdict.clean, verdict.code, verdict.errors) == validate_body(
            "temperature_check", "add", body
        )


def test_an_entry_is_read_by_the_version_that_it_names_for_good() -> None:
    dry = {**ROUND, "look": "dry"}
    assert book().validate("pond_round", "add", dry, 2).clean == dry
    assert book().validate("pond_round", "add", dry, 1).errors.keys() == {"/body/look"}


@pytest.mark.parametrize(
    ("kind", "act", "version"),
    [
        ("pond_round", "add", None),
        ("pond_round", "add", 3),
        ("pond_round", "amend", None),
        ("pond_round", "void", 1),
        ("lake_round", "add", 1),
        ("temperature_check", "add", 1),
    ],
)
def test_a_form_or_version_that_is_not_there_or_not_asked_for_is_unknown(
    kind: str, act: str, version: int | None
) -> None:
    assert book().validate(kind, act, {}, version).code == "unknown_form"


def test_a_void_names_no_version() -> None:
    assert book().validate("pond_round", "void", None).clean == {}


def test_a_kind_that_is_neither_is_unknown_as_before() -> None:
    assert book().validate("lake_round", "add", {}).code == "unknown_kind"


def test_the_book_lists_all_kinds_and_the_latest_version_of_each_form() -> None:
    assert list(book()) == [*SHIPPED, "pond_round"]
    assert "pond_round" in book() and "lake_round" not in book()
    latest, first = book().get("pond_round"), book().get("pond_round", 1)
    assert latest is not None and first is not None
    assert latest.whole.validate({**ROUND, "look": "dry"}) == {}
    assert first.whole.validate({**ROUND, "look": "dry"}) != {}
    assert (latest.title, latest.subject_field, latest.acts) == (
        "池塘巡查",
        "place_id",
        ("add", "amend", "void"),
    )
    assert book().get("worker") is KINDS["worker"]


def test_a_book_is_a_value_that_a_form_is_added_to() -> None:
    first = form_book()
    second = first.with_form(form("pond_round"))
    assert "pond_round" not in first and "pond_round" in second


def test_a_book_is_full_before_tablets_are() -> None:
    full = form_book([form("pond_round")])
    long = [{"type": "note", "name": f"n{i}", LABEL: "长" * 200} for i in range(40)]
    size = 0
    with pytest.raises(BookFull):
        for version in range(2, 50):
            sheets = pond(settings_2={"version": version})
            sheets["survey"] += long
            full = full.with_form(compiled(sheets).form)
            size += 24_000
    assert size <= ALL_FORMS_BYTES_MAX


def test_the_schema_of_entries_has_one_variant_for_each_version() -> None:
    variants = book().variants()["oneOf"]
    of_pond = [one for one in variants if one["properties"]["kind"] == {"const": "pond_round"}]
    assert [one["properties"]["form"]["const"] for one in of_pond] == [1, 2]
    assert all("form" in one["required"] for one in of_pond)
    assert not any(one["properties"]["kind"]["const"] == "site" for one in variants)
    assert set(book().json_schemas()) == {*SHIPPED, "pond_round"}
