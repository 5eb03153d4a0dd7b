"""One city for all tests of a process: it is put back to its first day for each run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulation.simulator import Simulator, simulator


@pytest.fixture(scope="module")
def city() -> Iterator[Simulator]:
    with simulator() as made:
        yield made
