"""`@gongdi/client` as `./run dist` packs it: installed without the app, it syncs with a server under Node."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.field_app import HOME
from server.field_app.build import NODE_BIN
from server.field_app.pack_client import pack_client
from sync_protocol import __version__
from tests.console.conftest import database_url
from tests.live import serving
from tests.server.cast import Cast
from tests.server.conftest import app, cast, clock, config
from tests.stories.field import Field

__all__ = ["app", "cast", "clock", "config", "database_url"]

STORY = Path(__file__).with_name("client_story.mjs")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has the package, and of the app's tools what it names as its dependencies; and the fake database."""
    project = tmp_path_factory.mktemp("client")
    modules = project / "node_modules"
    with tarfile.open(pack_client(project)) as packed:
        packed.extractall(project)  # our own; Python 3.11.2 knows no filter
    (modules / "@gongdi").mkdir(parents=True)
    (project / "package").rename(modules / "@gongdi" / "client")
    for name in [*manifest(project)["dependencies"], "fake-indexeddb"]:
        (modules / name).parent.mkdir(exist_ok=True)
        (modules / name).symlink_to(HOME / "node_modules" / name)
    (project / STORY.name).write_bytes(STORY.read_bytes())
    return project


def manifest(project: Path) -> dict[str, Any]:
    text = (project / "node_modules" / "@gongdi" / "client" / "package.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def test_it_names_its_version_and_few_dependencies(installed: Path) -> None:
    said = manifest(installed)
    assert said["version"] == __version__
    assert set(said["dependencies"]) == {"dexie", "tus-js-client", "@cfworker/json-schema"}


def test_it_has_no_page_of_the_app_and_types_for_all_it_exports(installed: Path) -> None:
    package = installed / "node_modules" / "@gongdi" / "client"
    assert "preact" not in (package / "dist" / "client.js").read_text("utf-8")
    assert not (package / "types" / "ui").exists()
    declared = (package / "types" / "client.d.ts").read_text("utf-8")
    for name in re.findall(r'from "\./([\w/]+)"', declared):
        assert (package / "types" / f"{name}.d.ts").exists(), name


def test_a_program_without_a_page_writes_validates_syncs_and_asks_what_changed(
    installed: Path, cast: Cast, app: Flask, tmp_path: Path
) -> None:
    code = Field(cast, tmp_path).code("inspector")
    with serving(app) as address:
        ran = subprocess.run(
            [NODE_BIN / "node", STORY.name, address, code], cwd=installed, capture_output=True, text=True
        )
    assert ran.returncode == 0, ran.stderr
    seen = json.loads(ran.stdout)
    assert seen["pages"] == ["undefined", "undefined"]
    assert seen["troubles"] == [None, None, None]
    assert {"/body/agent", "/body/more"} <= seen["invalid"].keys()
    assert seen["unknown"] == {"/kind": ["unknown_kind"]}
    assert seen["unsent"] == [1, 0]
    assert seen["listed"] == [[True, "unsent"]]
    assert seen["resets"] == [True, False, False]
    assert seen["changed"] == [[True, "disinfection_log", 1, True, "王师傅"]]
    assert seen["nothing"] == []
    assert seen["last"] == [[0, True, False], [1, False, False], [2, False, True]]
    assert seen["refused"] == []
