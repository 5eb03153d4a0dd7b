"""The commands: what they do is told, what is wrong is one clear line and never a traceback."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from server.app import create_app
from server.cli import gongdi
from tests.server.cast import Cast, identity

Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, tmp_path: Path) -> Run:
    """Runs `gongdi` with these arguments, on this test's database."""
    return _runner(database_url, tmp_path)


def _runner(database_url: str, tmp_path: Path) -> Run:
    env = {"GONGDI_DATABASE_URL": database_url, "GONGDI_DATA_DIR": str(tmp_path)}

    def run_it(*args: str, given: str = "") -> Result:
        result = CliRunner().invoke(gongdi, args, obj=create_app, env=env, input=given)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run_it


def test_an_empty_database_is_told_how_to_be_filled(blank_database_url: str, tmp_path: Path) -> None:
    run = _runner(blank_database_url, tmp_path)
    for command in (("serve",), ("user", "list")):
        result = run(*command)
        assert result.exit_code == 1
        assert "gongdi db upgrade" in result.output
    assert run("db", "upgrade").exit_code == 0
    assert run("db", "upgrade").exit_code == 0
    assert run("user", "list").exit_code == 0


def test_an_administrator_makes_an_inspector_assigns_a_site_and_hands_out_a_code(
    run: Run, cast: Cast
) -> None:
    made = run("user", "add", "lihua", "--role", "inspector", "--password-stdin", given="long enough\n")
    assert made.exit_code == 0
    assert "lihua" in run("user", "list").output
    assert run("assign", "lihua", cast.site_a).exit_code == 0
    assert run("assign", "lihua", "凤泉新城").exit_code == 0
    assert run("unassign", "lihua", cast.site_a).exit_code == 0
    code = run("enrol-code", "lihua")
    assert re.search(r"[0-9A-Z]{4}-[0-9A-Z]{5}-[0-9A-Z]{5}", code.output)
    assert "█" in code.output


MISTAKES = {
    "a name that is taken": ("user", "add", "section", "--role", "section", "--password-stdin"),
    "a user who is not there": ("enrol-code", "nobody"),
    "a code for a clerk": ("enrol-code", "section"),
    "a site that is not there": ("assign", "inspector", "nowhere"),
    "an assignment that is not there": ("unassign", "brigade", "凤泉新城"),
    "a device that is not there": ("device", "revoke", identity("no device")),
    "no terminal for a password": ("user", "password", "section"),
    "a role that is not there": ("user", "add", "x", "--role", "root"),
    "a tablet that never enrolled": ("tablet", "--home", "{home}", "sync"),
    "no JSON": ("tablet", "--home", "{home}", "add", "--site", "x", "worker", "{"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_one_line_and_an_exit_code(run: Run, cast: Cast, tmp_path: Path, case: str) -> None:
    args = [arg.replace("{home}", str(tmp_path / "tablet")) for arg in MISTAKES[case]]
    result = run(*args, given="long enough\n")
    assert result.exit_code != 0
    assert "Traceback" not in result.output


def test_every_command_has_help(app: Flask) -> None:
    for name, command in gongdi.commands.items():
        assert command.help, name
        assert CliRunner().invoke(gongdi, [name, "--help"]).exit_code == 0
