"""Every body that a test here gives to the form of a kind that was code before is given to the old declaration too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from schemas.fields import Errors
from schemas.kinds import KINDS, Kinds, validate_body
from tests.schemas.forms.once_code import OLD, old_outcome


@pytest.fixture(autouse=True, scope="module")
def forms_are_compared(request: pytest.FixtureRequest) -> Iterator[None]:
    def compared(
        kind: str, act: str, body: Any, kinds: Kinds = KINDS
    ) -> tuple[dict[str, Any] | None, str | None, Errors]:
        outcome = validate_body(kind, act, body, kinds)
        if kind in OLD and kinds is KINDS:
            assert outcome == old_outcome(kind, act, body), (kind, act, body)
        return outcome

    with pytest.MonkeyPatch.context() as patch:
        if getattr(request.module, "validate_body", None) is validate_body:
            patch.setattr(request.module, "validate_body", compared)
        yield
