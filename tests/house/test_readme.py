"""What the README promises is there: every setting, every command."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from server import __version__
from server.cli.main import gongdi

ROOT = Path(__file__).parents[2]
CONTEXT = click.Context(gongdi)
README = (ROOT / "README.md").read_text("utf-8")


def test_every_setting_is_in_the_readme_and_every_one_there_is_read() -> None:
    pattern = r"GONGDI_[A-Z_]+|\bPORT\b"
    config = set(re.findall(pattern, (ROOT / "server" / "base" / "config.py").read_text("utf-8")))
    assert set(re.findall(rf"^\| `({pattern})`", README, re.MULTILINE)) == config


@pytest.mark.parametrize("words", sorted(set(re.findall(r"gongdi ([a-z-]+(?: [a-z][a-z-]*)?)", README))))
def test_every_command_in_the_readme_exists(words: str) -> None:
    first, _, second = words.partition(" ")
    command = gongdi.get_command(CONTEXT, first)
    if second and isinstance(command, click.Group):
        assert second in command.list_commands(CONTEXT)


@pytest.mark.parametrize("verb", sorted(set(re.findall(r"\./run ([a-z]+)", README))))
def test_every_verb_of_run_exists(verb: str) -> None:
    script = (ROOT / "run").read_text("utf-8")
    assert re.search(rf"^(?:{verb}|\*)\)", script, re.MULTILINE)


@pytest.mark.parametrize("name", ["LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_what_a_stranger_looks_for_is_there(name: str) -> None:
    assert (ROOT / name).read_text("utf-8").strip()


def test_the_version_is_in_the_changelog() -> None:
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_files_that_the_documents_name_exist() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"):
        text = (ROOT / name).read_text("utf-8")
        for path in re.findall(r"`(\w+/[\w./]+|[A-Z]+\.md|LICENSE)`", text):
            if not path.startswith("dist/"):
                assert (ROOT / path).exists(), (name, path)
