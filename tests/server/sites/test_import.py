"""A bureau's sites, people and assignments come in from one workbook: previewed, then committed; wrong rows come back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
import xlsxwriter
from flask import Flask

from server.actions.sites.import_rows import SHEETS
from server.base.db import read
from server.models import Assignment, Site, SiteCompany, User
from server.models.place import places_of
from tests.server.cast import COMPANY_A, Cast
from tests.server.cli.test_commands import Run, run

__all__ = ["run"]

SITES = [
    ["名称", "区县", "住人", "场所", "企业", "纬度", "经度"],
    ["南湖小学", "红旗区", "是", "食堂:东食堂; 宿舍:1号楼", f"{COMPANY_A}:甲建筑:009", 35.303, 113.927],
    ["北湖小学", 410703, "否", "", f"{COMPANY_A}：甲建筑", "", ""],
]
PEOPLE = [
    ["登录名", "角色", "姓名", "科室", "信用代码", "区县", "初始密码"],
    ["lihua", "检查员", "李华", "质监站", "", "", "long enough"],
    ["wang", "科室", "王主任", "质安科", "", "红旗区、卫滨区", ""],
    ["laozi", "施工单位", "赵敏", "", COMPANY_A, "", ""],
]
ASSIGNMENTS = [["登录名", "地点"], ["lihua", "南湖小学"], ["lihua", "北湖小学"]]
Table = Sequence[Sequence[object]]


def _book(path: Path, **sheets: Table) -> Path:
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            for number, row in enumerate(rows):
                page.write_row(number, 0, row)
    return path


@pytest.fixture
def city(tmp_path: Path) -> Path:
    return _book(tmp_path / "全市.xlsx", 分配=ASSIGNMENTS, 地点=SITES, 人员=PEOPLE)


@pytest.fixture(autouse=True)
def reference(run: Run, cast: Cast) -> None:
    assert run("seed", "reference").exit_code == 0


def _counts(app: Flask) -> tuple[int, ...]:
    with app.app_context(), read() as session:
        return tuple(
            session.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in (Site, User, Assignment)
        )


def test_a_workbook_of_before_may_still_say_工地(run: Run, tmp_path: Path) -> None:
    before = [["登录名", "工地"], *ASSIGNMENTS[1:]]
    path = _book(tmp_path / "before.xlsx", 分配=before, 工地=SITES, 人员=PEOPLE)
    done = run("import", str(path), "--commit")
    assert done.exit_code == 0 and "地点: 新增 2" in done.output and "分配: 新增 2" in done.output


def test_a_preview_counts_and_changes_nothing(app: Flask, run: Run, city: Path) -> None:
    before = _counts(app)
    result = run("import", str(city))
    assert result.exit_code == 0, result.output
    for line in ("地点: 新增 2, 已有 0, 有问题 0", "人员: 新增 3", "分配: 新增 2", "什么都没有改变"):
        assert line in result.output
    assert _counts(app) == before
    assert [path.name for path in city.parent.glob("*.xlsx")] == ["全市.xlsx"]


def test_a_commit_brings_all_of_it_in_and_a_second_one_nothing(app: Flask, run: Run, city: Path) -> None:
    before = _counts(app)
    assert run("import", str(city), "--commit").exit_code == 0
    after = _counts(app)
    assert [now - then for now, then in zip(after, before, strict=True)] == [2, 3, 2]
    with app.app_context(), read() as session:
        site = session.scalars(sa.select(Site).where(Site.name == "南湖小学")).one()
        assert (site.district, site.inhabited, site.latitude_deg) == ("410702", True, 35.303)
        assert [(place.kind, place.name) for place in places_of(session, [site.id])[site.id]] == [
            ("canteen", "东食堂"),
            ("dormitory", "1号楼"),
        ]
        assert session.get_one(SiteCompany, (site.id, COMPANY_A)).role == "009"
        wang = session.scalars(sa.select(User).where(User.name == "wang")).one()
        assert (wang.role, wang.unit, wang.district) == ("section", "zhian", "410702,410703")
    again = run("import", str(city), "--commit")
    assert "地点: 新增 0, 已有 2" in again.output and "分配: 新增 0, 已有 2" in again.output
    assert _counts(app) == after


def test_passwords_that_were_made_up_are_in_a_file_that_only_its_owner_reads(
    app: Flask, cast: Cast, run: Run, city: Path
) -> None:
    result = run("import", str(city), "--commit")
    file = city.with_name("全市-密码.xlsx")
    assert file.stat().st_mode & 0o777 == 0o600
    rows = list(openpyxl.load_workbook(file).worksheets[0].iter_rows(values_only=True))
    assert [row[0] for row in rows] == ["登录名", "wang", "laozi"]
    name, password = rows[1]
    assert str(password) not in result.output
    opened = app.test_client().post("/api/v1/sessions", json={"name": name, "password": password})
    assert opened.status_code == 201


WRONG = {
    "地点": ([*SITES, ["东湖", "火星区", "是"], ["", "红旗区"], ["西湖", "红旗区", "也许"], ["", ""]], 3),
    "人员": ([*PEOPLE, ["zhao", "科室", "赵", "", "", "", ""], ["qian", "老板", "钱", "", "", "", ""]], 2),
    "分配": ([*ASSIGNMENTS, ["nobody", "南湖小学"], ["lihua", "没有这个地点"]], 2),
}


def test_wrong_rows_come_back_and_the_others_take_effect(app: Flask, run: Run, tmp_path: Path) -> None:
    path = _book(tmp_path / "全市.xlsx", **{name: rows for name, (rows, _) in WRONG.items()})
    before = _counts(app)
    result = run("import", str(path), "--commit")
    assert result.exit_code == 0
    assert [now - then for now, then in zip(_counts(app), before, strict=True)] == [2, 3, 2]
    book = openpyxl.load_workbook(tmp_path / "全市-问题.xlsx")
    for name, (_, count) in WRONG.items():
        titles, *rows = book[name].iter_rows(values_only=True)
        assert (titles[-1], len(rows)) == ("问题", count)
        assert all(row[-1] for row in rows)
    assert "没有代码 火星区" in str(book["地点"].cell(2, book["地点"].max_column).value)
    assert "地点 第 4 行" in result.output


def test_the_mended_problem_file_is_imported_as_it_is(app: Flask, run: Run, tmp_path: Path) -> None:
    path = _book(tmp_path / "全市.xlsx", 地点=[*SITES[:2], ["东湖", "火星区"]])
    assert run("import", str(path), "--commit").exit_code == 0
    problems = tmp_path / "全市-问题.xlsx"
    book = openpyxl.load_workbook(problems)
    book["地点"].cell(2, 2).value = "凤泉区"
    book.save(problems)
    assert "地点: 新增 1, 已有 0, 有问题 0" in run("import", str(problems), "--commit").output


@pytest.mark.parametrize(
    ("sheets", "message"),
    [
        ({"Sheet1": SITES}, "工作表应名为 地点、人员、分配"),
        ({"地点": [["名称", "城区"], ["a", "b"]]}, "不认识的列: 城区"),
        ({"地点": [["名称"], ["a"]]}, "缺少的列: 区县"),
    ],
    ids=["no sheet of ours", "a strange column", "a column that is lacking"],
)
def test_a_workbook_that_is_none_of_ours_is_one_line(
    run: Run, tmp_path: Path, sheets: dict[str, Table], message: str
) -> None:
    answer = run("import", str(_book(tmp_path / "x.xlsx", **sheets)))
    assert answer.exit_code == 1
    assert message in answer.output


def test_a_site_whose_name_two_bear_needs_its_district(run: Run, tmp_path: Path) -> None:
    twins = [SITES[0], ["双湖", "红旗区"], ["双湖", "卫滨区"]]
    assigned = [["登录名", "地点", "区县"], ["lihua", "双湖", ""], ["lihua", "双湖", "卫滨区"]]
    path = _book(tmp_path / "x.xlsx", 地点=twins, 人员=PEOPLE[:2], 分配=assigned)
    output = run("import", str(path)).output
    assert "分配: 新增 1, 已有 0, 有问题 1" in output and "请填写区县" in output


def test_the_template_has_every_column_and_is_read_as_it_is(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "模板.xlsx"
    assert run("import", str(path), "--template").exit_code == 0
    book = openpyxl.load_workbook(path)
    assert {page.title: [cell.value for cell in page[1]] for page in book} == {
        name: list(titles) for name, titles in SHEETS.items()
    }
    assert "新增 0" in run("import", str(path)).output


def test_a_file_that_is_no_workbook_is_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_bytes(b"\x7fELF")
    assert run("import", str(tmp_path / "x.xlsx")).exit_code == 1
    assert run("import", str(tmp_path / "nowhere.xlsx")).exit_code == 1
