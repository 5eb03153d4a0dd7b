"""Files that came with a form which was refused are kept: they need not be chosen again, and can be left out."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.server.office import Seat, refusal_of
from tests.stories.field import Field
from tests.stories.forms.conftest import Run
from tests.stories.forms.test_filled_at_the_console import POND, fill, place_in, publish, seat_of
from tests.stories.forms.workbooks import LABEL
from tests.stories.photos import document, picture, sha256

__all__ = ["fill"]
OTHER = picture(size=(80, 60))


@pytest.fixture
def seat(field: Field, run: Run, tmp_path: Path, fill: str) -> Seat:
    shots = {"type": "image", "name": "shots", LABEL: "照片", "bind::gongdi:max": 2, "required": "yes"}
    publish(run, tmp_path, "section inspector", shots, {"type": "file", "name": "report", LABEL: "报告"})
    return seat_of(field, "section")


def kept_in(page: str, name: str) -> list[str]:
    """The hashes that the page would send again."""
    parts = page.split(f'name="kept.{name}" value="')[1:]
    return [part.partition('"')[0] for part in parts]


def written(field: Field) -> dict[str, Any]:
    field.cast.clock.advance(1_000)
    (record,) = field.tablet("first").list("pond_round")
    return record.body


def test_what_was_kept_goes_with_the_next_try(field: Field, seat: Seat, fill: str) -> None:
    files = {"shots": (BytesIO(picture()), "a.jpg"), "report": (BytesIO(document()), "r.pdf")}
    refused = seat.send(fill, **files, **POND)
    assert refused.status_code == 422
    kept = {f"kept.{name}": kept_in(refused.text, name) for name in ("shots", "report")}
    assert kept == {"kept.shots": [sha256(picture())], "kept.report": [sha256(document())]}
    more = {"shots": (BytesIO(OTHER), "b.jpg")}
    assert seat.send(fill, place=place_in(refused.text), **kept, **more, **POND).status_code == 303
    body = written(field)
    assert (body["shots"], body["report"]) == ([sha256(picture()), sha256(OTHER)], [sha256(document())])


def test_what_is_left_out_and_what_was_never_sent_does_not_go_with_it(
    field: Field, seat: Seat, fill: str
) -> None:
    refused = seat.send(fill, shots=(BytesIO(picture()), "a.jpg"), **POND)
    place = place_in(refused.text)
    unticked = seat.send(fill, place=place, **POND)
    assert (unticked.status_code, "缺少这一项" in unticked.text) == (422, True)
    strange = seat.send(fill, place=place, **{"kept.shots": [sha256(b"never sent"), "no hash"]}, **POND)
    assert (strange.status_code, kept_in(strange.text, "shots")) == (422, [])
    most = {
        "kept.shots": [sha256(picture())],
        "shots": [(BytesIO(OTHER), "b.jpg"), (BytesIO(OTHER), "c.jpg")],
    }
    assert refusal_of(seat.send(fill, place=place, **most, **POND)) == "too_many_photos"
    assert field.tablet("first").list("pond_round") == []


def test_a_photo_is_no_document_and_a_fault_of_one_file_keeps_the_others(
    field: Field, seat: Seat, fill: str
) -> None:
    files = {"shots": (BytesIO(picture()), "a.jpg"), "report": (BytesIO(picture()), "r.pdf")}
    refused = seat.send(fill, place=place_in(seat.get(fill)), **files, **POND)
    assert refusal_of(refused) == "media_type_not_allowed"
    part = refused.text.split('aria-label="报告"', 1)[1].split('<div class="asked"')[0]
    assert 'class="alert wrong"' in part
    assert (kept_in(refused.text, "shots"), kept_in(refused.text, "report")) == ([sha256(picture())], [])
    documents = {"shots": (BytesIO(document()), "a.jpg")}
    answer = seat.send(fill, place=place_in(refused.text), **documents, **POND)
    assert refusal_of(answer) == "media_type_not_allowed"
    assert field.tablet("first").list("pond_round") == []
