"""The conformance kit: this server passes it, and one with a planted fault does not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from flask import Flask

from sync_protocol.client.transport import Transport, WsgiTransport
from sync_protocol.conform.kit import CHECKS, Result, conform, print_results
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.sync.faults import FAULTS, Faulty

URL = "http://gongdi.test"


@pytest.fixture
def field(cast: Cast, tmp_path: Path) -> Field:
    return Field(cast, tmp_path)


def judged(field: Field, way: Transport) -> Sequence[Result]:
    return list(conform(URL, field.code("inspector"), transport=way))


def test_this_server_conforms(field: Field, app: Flask) -> None:
    results = judged(field, WsgiTransport(app))
    assert [(result.check.name, result.found) for result in results if not result.passed] == []
    assert len(results) == len(CHECKS) + 1


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_and_named(field: Field, app: Flask, fault: str) -> None:
    planted, name = FAULTS[fault]
    results = judged(field, Faulty(WsgiTransport(app), planted))
    assert name in [result.check.name for result in results if not result.passed]
    assert len(results) == len(CHECKS) + 1  # the others were asked all the same
    assert not print_results(iter(results), lambda line: None)


def test_a_code_that_is_not_good_ends_it_with_one_line(app: Flask, field: Field) -> None:
    (result,) = conform(URL, "XXXXX-XXXXX", transport=WsgiTransport(app))
    assert not result.passed and "enrol_code_invalid" in result.found


def test_every_check_has_a_name_of_its_own_and_says_what_it_asks() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    assert all(check.says and check.rules for check in CHECKS)
