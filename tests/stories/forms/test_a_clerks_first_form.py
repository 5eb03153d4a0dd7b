"""What a clerk meets who follows the documents: a workbook to start from, words that say what comes with it, reasons."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from server.app import create_app
from server.cli.main import gongdi
from tests.server.office import Office
from tests.stories.field import Field
from tests.stories.forms.conftest import Run
from tests.stories.forms.test_a_form_while_a_tablet_is_away import add_park


def test_the_example_is_published_as_it_is_and_says_what_comes_with_it(
    field: Field, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "样表.xlsx"
    assert run("form", "example", str(file)).exit_code == 0
    checked = run("form", "check", str(file))
    assert checked.exit_code == 0, checked.output
    for part in (
        "没有问题: 池塘巡查",
        "duties 第 2 行: POND",
        "place_kinds 第 2 行: pond",
        "site_kinds 第 2 行: park",
    ):
        assert part in checked.output
    assert run("form", "publish", str(file)).exit_code == 0
    answer = Office(field.app, field.cast).seat("admin").client.get("/console/admin/forms/example.xlsx")
    assert answer.status_code == 200 and answer.data[:2] == b"PK"


def test_a_new_sites_page_says_what_is_asked_before_the_first_window(
    field: Field, run: Run, tmp_path: Path
) -> None:
    publish_example(run, tmp_path)
    page = Office(field.app, field.cast).seat("section").get(f"sites/{add_park(field)}")
    assert "池塘巡查 每日 2 次" in page and "下一个还没有开始的时段" in page


def test_the_tablet_of_the_command_line_takes_a_sites_name_and_says_which_there_are(
    field: Field, run: Run, tmp_path: Path
) -> None:
    publish_example(run, tmp_path)
    add_park(field)
    field.tablet("at the desk")

    def on_tablet(*args: str) -> str:
        home = str(field.folder / "at the desk")
        done = CliRunner().invoke(gongdi, ["tablet", "--home", home, *args], obj=create_app)
        return str(done.output)

    body = json.dumps({"place_id": "x"})
    said = on_tablet("add", "pond_round", body, "--site", "没有的")
    assert "本机没有地点“没有的”" in said and "人民公园 (" in said
    assert len(on_tablet("add", "pond_round", body, "--site", "人民公园").strip()) == 36


def publish_example(run: Run, folder: Path) -> None:
    file = folder / "样表.xlsx"
    assert run("form", "example", str(file)).exit_code == 0
    assert run("form", "publish", str(file)).exit_code == 0
