"""The command line itself: quick to start, Chinese throughout, and its help shows what works."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from server.cli.group import Teaching
from server.cli.main import GROUPS, gongdi
from server.cli.words import MODULES, WORDS
from tests.server.cast import Cast
from tests.server.cli.test_commands import Run, run

__all__ = ["run"]

HEAVY = ("sqlalchemy", "flask", "alembic", "psycopg", "marshmallow", "server.app", "cryptography")
HELP_PAGES = [["--version"], ["--help"], *([name, "--help"] for name in GROUPS)]
CLICK = Path(click.__file__).parent


def _commands(group: Teaching, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        yield (*path, name), command
        if isinstance(command, Teaching):
            yield from _commands(command, (*path, name))


COMMANDS = dict(_commands(gongdi))


@pytest.mark.parametrize("arguments", HELP_PAGES, ids=" ".join)
def test_asking_for_help_imports_neither_database_nor_endpoints(arguments: list[str]) -> None:
    """Imports take most of the half second of CPU that a start may cost."""
    script = f"""
import sys
from server.__main__ import main
sys.argv = ["gongdi", *{arguments}]
try:
    main()
finally:
    print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ran.stderr.strip() == "[]", ran.stderr


def test_a_command_on_the_database_imports_no_endpoints() -> None:
    script = "import sys, server.cli.people, server.cli.sites; print([n for n in sys.modules if n == 'server.app'])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_a_help_page_is_chinese(path: tuple[str, ...]) -> None:
    home = ["--home", "."] if path[0] == "tablet" and len(path) > 1 else []
    shown = CliRunner().invoke(gongdi, [path[0], *home, *path[1:], "--help"], prog_name="gongdi")
    assert shown.exit_code == 0
    assert shown.output.startswith("用法: gongdi")
    for english in (
        "Usage",
        "Options",
        "Commands",
        "TEXT",
        "INTEGER",
        "[OPTIONS]",
        "required",
        "default:",
        "Show ",
    ):
        assert english not in shown.output


@pytest.mark.parametrize("name", MODULES)
def test_every_word_of_click_has_a_chinese_one(name: str) -> None:
    """Messages that only a programmer's mistake causes may stay English: ValueError, TypeError or a warning."""
    spare = re.compile(
        r"^(Name '|Arguments take|Could not determine|No options defined|DeprecationWarning|Invalid start|Unknown )"
    )
    said = set()
    for node in ast.walk(ast.parse((CLICK / f"{name}.py").read_text("utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("_", "ngettext")
        ):
            for argument in node.args[: 1 if node.func.id == "_" else 2]:
                if isinstance(argument, ast.Constant):
                    said.add(str(argument.value))
    assert {word for word in said - set(WORDS) if not spare.match(word)} <= {"(dynamic)", "deprecated", "d"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "没有命令 'nonsense'"),
        (["user", "add", "x"], "缺少选项 '--role'"),
        (["user", "add"], "缺少参数 'NAME'"),
        (["user", "add", "x", "--role", "root"], "'root' 不在可选之列"),
        (["seed", "demo", "--sites", "many"], "'many' 不是整数"),
        (["device", "take-export", "nowhere.zip"], "'nowhere.zip' 不存在"),
        (["assign", "a", "b", "c"], "多余的参数 (c)"),
    ],
)
def test_a_mistake_is_answered_in_chinese(arguments: list[str], message: str) -> None:
    answer = CliRunner().invoke(gongdi, arguments, prog_name="gongdi")
    assert answer.exit_code == 2
    assert "错误: " in answer.output and message in answer.output and "用法见" in answer.output


def _examples(*path: str) -> list[list[str]]:
    """The lines of a command's help that call it."""
    text = (COMMANDS[path].help or "").replace("\\\n", " ")
    lines = re.findall(r"^ *(?:echo .* \| )?gongdi (.*)$", text, re.MULTILINE)
    return [shlex.split(line) for line in lines]


@pytest.mark.parametrize("path", [("user", "add"), ("site", "add"), ("enrol-code",)], ids=" ".join)
def test_the_examples_in_a_help_page_work(run: Run, cast: Cast, path: tuple[str, ...]) -> None:
    assert run("seed", "reference").exit_code == 0
    if path == ("enrol-code",):
        assert run(*_examples("user", "add")[0], "--password-stdin", given="long enough\n").exit_code == 0
    examples = _examples(*path)
    assert examples
    for words in examples:
        more = ("--password-stdin",) if path == ("user", "add") and "--password-stdin" not in words else ()
        ran = run(*words, *more, given="long enough\n")
        assert ran.exit_code == 0, ran.output


@pytest.mark.parametrize("unit", [(), ("--unit", "zhi-an"), ("--unit", "")], ids=["none", "unknown", "empty"])
@pytest.mark.parametrize("role", ["section", "brigade"])
def test_an_official_belongs_to_a_unit_that_is_known(
    run: Run, cast: Cast, role: str, unit: tuple[str, ...]
) -> None:
    given = ("user", "add", "wang", "--role", role, "--password-stdin", *unit)
    refused = run(*given, given="long enough\n")
    assert refused.exit_code == 1
    assert "科室" in refused.output or "没有代码" in refused.output


def test_a_site_with_the_name_of_another_is_made_with_a_warning(run: Run, cast: Cast) -> None:
    assert run("seed", "reference").exit_code == 0
    first = run("site", "add", "南湖小学", "--district", "410702")
    second = run("site", "add", "南湖小学", "--district", "410703")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "同名" not in first.output
    identity = first.output.split("编号 ")[1].split()[0]
    assert "已有同名地点" in second.output and identity in second.output


def test_a_tablet_enrols_with_the_link_that_the_code_came_with(run: Run, cast: Cast, tmp_path: Path) -> None:
    link = run("enrol-code", "inspector", "--link").output.strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/field/#code=[0-9A-Z-]{16}", link)
    tried = run("tablet", "--home", str(tmp_path / "t"), "enrol", "http://127.0.0.1:1/field/")
    assert "请给出注册码" in tried.output
