"""Every body that a test here gives to the strict reader of a kind that was code before is given to its form too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from schemas.fields import Errors
from schemas.forms.book import form_book
from schemas.forms.shipped import shipped_forms
from schemas.forms.surroundings import ONCE_CODE
from schemas.kind import Kind
from schemas.kinds import KINDS, validate_body


@pytest.fixture(autouse=True, scope="module")
def forms_are_compared(request: pytest.FixtureRequest) -> Iterator[None]:
    book = form_book(shipped_forms())

    def compared(
        kind: str, act: str, body: Any, kinds: Mapping[str, Kind] = KINDS
    ) -> tuple[dict[str, Any] | None, str | None, Errors]:
        outcome = validate_body(kind, act, body, kinds)
        if kind in ONCE_CODE and kinds is KINDS:
            verdict = book.validate(kind, act, body)
            assert (verdict.clean, verdict.code, verdict.errors) == outcome, (kind, act, body)
        return outcome

    with pytest.MonkeyPatch.context() as patch:
        if getattr(request.module, "validate_body", None) is validate_body:
            patch.setattr(request.module, "validate_body", compared)
        yield
