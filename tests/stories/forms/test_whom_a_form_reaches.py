"""Whoever publishes a form sees whom it reaches, and while that is nobody, what has to be done first."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from server.base.db import write
from server.models.user import Assignment
from tests.stories.field import Field
from tests.stories.forms.conftest import Run
from tests.stories.forms.workbooks import as_json, only_form, pond


def published(run: Run, folder: Path, sheets: object) -> str:
    done = run("form", "publish", str(as_json(folder / "form.json", sheets)))  # type: ignore[arg-type]
    assert done.exit_code == 0, done.output
    return done.output


def test_a_new_kind_of_site_has_no_sites_yet(field: Field, run: Run, tmp_path: Path) -> None:
    field.tablet("first")
    said = published(run, tmp_path, pond())
    assert "涉及地点 0 个, 平板 0 台。现在没有这些类型的地点: 增加地点、指派检查员之后" in said


def test_sites_without_an_inspector_and_inspectors_without_a_tablet_are_said(
    field: Field, run: Run, tmp_path: Path
) -> None:
    assert "指派的 1 名检查员还没有在用的平板: 发注册码" in published(run, tmp_path, only_form())
    field.tablet("first")
    reached = published(run, tmp_path, only_form(2, survey_3={"hint::中文 (zh)": "看水面"}))
    assert "涉及地点 2 个, 平板 1 台, 下一次同步就有" in reached
    with field.app.app_context(), write() as session:
        session.execute(sa.update(Assignment).values(ended_ms=field.cast.clock.now_ms()))
    assert "这些地点还没有指派检查员" in published(run, tmp_path, only_form(3))


def test_faults_of_rows_name_no_file_that_a_clerk_has_never_seen(
    run: Run, field: Field, tmp_path: Path
) -> None:
    sheets = pond(site_kinds_2={"unit": "zhian2"}, duties_2={"places": "lake"})
    checked = run("form", "check", str(as_json(tmp_path / "form.json", sheets)))
    assert checked.exit_code == 1
    assert "没有科室 zhian2, 请改用科室的代码 (现有: " in checked.output and "zhian 质安科" in checked.output
    assert "没有场所类型 lake" in checked.output and ".json" not in checked.output
