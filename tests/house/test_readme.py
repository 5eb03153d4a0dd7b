"""What README and docs promise is there: every setting, every command."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from server import __version__
from server.cli.main import gongdi

ROOT = Path(__file__).parents[2]
CONTEXT = click.Context(gongdi)
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXT = "\n".join(path.read_text("utf-8") for path in READMES)
CONFIGURATION = (ROOT / "docs" / "CONFIGURATION.md").read_text("utf-8")


def test_every_setting_is_in_its_table_and_every_one_there_is_read() -> None:
    pattern = r"GONGDI_[A-Z_]+|\bPORT\b"
    config = set(re.findall(pattern, (ROOT / "server" / "base" / "config.py").read_text("utf-8")))
    assert set(re.findall(rf"^\| `({pattern})`", CONFIGURATION, re.MULTILINE)) == config


@pytest.mark.parametrize("words", sorted(set(re.findall(r"gongdi ([a-z][a-z-]*(?: [a-z][a-z-]*)?)", TEXT))))
def test_every_command_in_the_documents_exists(words: str) -> None:
    first, _, second = words.partition(" ")
    command = gongdi.get_command(CONTEXT, first)
    assert command is not None
    if second and isinstance(command, click.Group):
        assert second in command.list_commands(CONTEXT)


@pytest.mark.parametrize("verb", sorted(set(re.findall(r"\./run ([a-z]+)", TEXT))))
def test_every_verb_of_run_exists(verb: str) -> None:
    script = (ROOT / "run").read_text("utf-8")
    assert re.search(rf"^(?:{verb}\)|# \./run {verb} )", script, re.MULTILINE)


@pytest.mark.parametrize(
    "name", ["LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "README.zh-CN.md"]
)
def test_what_a_stranger_looks_for_is_there(name: str) -> None:
    assert (ROOT / name).read_text("utf-8").strip()


def test_the_version_is_in_the_changelog() -> None:
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
