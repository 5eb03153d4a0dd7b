"""A document (PDF) that an entry promises arrives like a photo, and is given to keep, never shown in a page."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pypdf
import pytest

from tests.server.cast import Cast
from tests.server.office import Office
from tests.stories.photos import Photographer, add_stranger, document, picture, sha256


@pytest.fixture
def photographer(cast: Cast, tmp_path: Path) -> Photographer:
    return Photographer(cast, tmp_path)


def test_a_document_is_downloaded_as_it_came_by_those_who_see_the_site(photographer: Photographer) -> None:
    data = document()
    assert len(pypdf.PdfReader(BytesIO(data), strict=True).pages) == 1  # the tests' own is a good one
    assert photographer.upload(data).status_code == 204
    assert photographer.look(sha256(data)).status_code == 200
    cast, path = photographer.cast, f"{photographer.cast.site_a}/{sha256(data)}"
    seat = Office(cast.app, cast).seat("section")
    for answer in (photographer.seen(sha256(data)), seat.client.get(f"/console/photos/{path}")):
        assert (answer.status_code, answer.data, answer.mimetype) == (200, data, "application/pdf")
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{sha256(data)[:16]}.pdf"'
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert photographer.seen(sha256(data), add_stranger(cast)).status_code == 404


def test_a_photo_is_still_shown_in_the_page(photographer: Photographer) -> None:
    data = picture()
    assert photographer.upload(data).status_code == 204
    answer = photographer.seen(sha256(data))
    assert answer.mimetype == "image/jpeg"
    assert answer.headers["Content-Disposition"].startswith("inline")


@pytest.mark.parametrize(
    "data",
    [
        document(version="2.0"),
        document() + b"\0" * 40 + b"\r\n",
        document(before=b"%\xe2\xe3\xcf\xd3\n"),
    ],
    ids=["of the second version", "with what scanners add", "with the mark of binary files"],
)
def test_a_whole_document_is_taken(photographer: Photographer, data: bytes) -> None:
    assert photographer.upload(data).status_code == 204


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.4\n%%EOF",
        document()[:-8],
        document(version="3.9"),
        document(start=5),
        document(start=99_999),
        document(start=9_999_999_999),
        document() + b"<script>alert(1)</script>",
        b"%PDF-",
    ],
    ids=[
        *("without a table", "cut", "of no version", "that leads to no table", "that leads beyond its end"),
        *("that leads far beyond it", "with something behind it", "that is only a mark"),
    ],
)
def test_what_is_no_whole_document_is_refused_and_not_kept(
    photographer: Photographer, tmp_path: Path, data: bytes
) -> None:
    answer = photographer.patch(photographer.begin(data), 0, data)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "media_unreadable")
    assert [file for file in (tmp_path / "media").rglob("*") if file.is_file()] == []


def test_what_is_neither_hears_what_would_be_taken(photographer: Photographer) -> None:
    data = b"\n" + document()
    answer = photographer.patch(photographer.begin(data), 0, data).get_json()
    assert (answer["code"], answer["accepted"][-1]) == ("media_type_not_allowed", "application/pdf")
