"""A form says itself whether its records are about people's health; what nobody says is taken for it."""

from __future__ import annotations

import pytest

from schemas.forms.definition import Form, written
from schemas.forms.kind import FormKind
from schemas.forms.shipped import shipped_forms
from schemas.kinds import KINDS
from tests.schemas.forms.cast import compiled, pond


def form(**said: str) -> Form:
    return compiled(pond(gongdi_2=said)).form


@pytest.mark.parametrize(
    ("said", "health"),
    [
        ({"sealed": "yes"}, True),
        ({"sealed": "yes", "health": "yes"}, True),
        ({"sealed": "yes", "health": "no"}, False),
        ({"sealed": "no"}, False),
    ],
)
def test_a_sealed_form_is_about_health_unless_it_says_no(said: dict[str, str], health: bool) -> None:
    assert FormKind(form(**said)).health is health


def test_a_form_that_says_nothing_is_written_as_before_there_was_the_mark() -> None:
    assert b"health" not in written(form(sealed="yes"))


def test_of_what_the_server_brings_only_work_is_no_health_data() -> None:
    brought = [*KINDS.values(), *map(FormKind, shipped_forms())]
    of_work = {kind.name for kind in brought if kind.sealed and not kind.health}
    assert of_work == {
        *("worker", "worker_merge", "guard_shift", "inspection_round", "responsible_person"),
        "finding_measure",
    }
