"""Which version of reference data holds on a day."""

from __future__ import annotations

from typing import Any

import pytest

from sync_protocol.reference import in_force
from tests.sync_protocol.cases import vectors


@pytest.mark.parametrize("case", vectors("reference.json")["cases"], ids=lambda case: case["name"])
def test_the_version_of_the_day_is_the_one_that_the_vectors_say(case: dict[str, Any]) -> None:
    found = in_force(case["bodies"], case["code"], case["day"])
    assert (None if found is None else found["value"]) == case["value"]
