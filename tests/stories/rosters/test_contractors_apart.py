"""Contractor A asks for everything of contractor B, by id, by list, by push and by pull: nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.base.problems import Problem
from tests.server.cast import Cast
from tests.stories.field import WORKER, Field


def test_a_contractor_learns_nothing_of_a_competitor(cast: Cast, tmp_path: Path) -> None:
    field = Field(cast, tmp_path)
    tablet = field.tablet("first")
    tablet.add(field.scope, "worker", WORKER)
    assert tablet.sync().ok
    competitor = cast.client("competitor")
    nothing = competitor.get("/api/v1/sites/01980a1e-0000-7000-8000-00000000000f")
    for path in (f"/api/v1/sites/{cast.site_a}", f"/api/v1/sites/{cast.site_a}/windows"):
        answer = competitor.get(path)
        assert answer.status_code == 404
        assert answer.get_json()["code"] == nothing.get_json()["code"] == "not_found"
    sites = competitor.get("/api/v1/sites").get_json()["items"]
    assert [site["id"] for site in sites] == [cast.site_b]
    assert competitor.get("/api/v1/flags").get_json()["items"] == []
    with pytest.raises(Problem) as refused:
        field.code("competitor")
    assert refused.value.status == 409
    for path in ("/sync/v1/push", "/sync/v1/pull"):
        assert competitor.post(path, data=b"{}").status_code == 401
