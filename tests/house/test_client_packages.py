"""`gongdi-client` as `./run dist --clients` builds it runs without the server's packages; the examples are its users."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

import pytest
from flask import Flask

from server.actions.devices.enrol_code import make_code
from server.base.db import write
from server.models import User
from sync_protocol import __version__
from tests.console.conftest import database_url
from tests.live import serving
from tests.server.cast import Cast
from tests.server.conftest import app, cast, clock, config
from tests.stories.field import WORKER, Field
from tests.stories.wire import WireDevice, records

__all__ = ["app", "cast", "clock", "config", "database_url"]

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@dataclass(frozen=True)
class Bare:
    """An environment that holds the client, and of other packages what it requires."""

    wheel: Path
    bin: Path

    def run(self, *arguments: str | Path, folder: Path, said: str = "") -> subprocess.CompletedProcess[str]:
        env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONUTF8": "1"}
        command = [self.bin / arguments[0], *arguments[1:]]
        return subprocess.run(command, cwd=folder, env=env, input=said, capture_output=True, text=True)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Bare:
    folder = tmp_path_factory.mktemp("clients")
    subprocess.run([ROOT / "run", "dist", "--clients", folder], check=True)
    (wheel,) = folder.glob("gongdi_client-*.whl")
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    uv = [ROOT / ".venv-uv" / "bin" / "uv", "pip", "install", "-q", "--offline", "--no-deps"]
    subprocess.run([*uv, "--python", venv / "bin" / "python", wheel], check=True)
    (packages,) = venv.glob("lib/python*/site-packages")
    for path in {path for name in _needed("gongdi-client", required(wheel)) for path in _installed(name)}:
        (packages / path.name).symlink_to(path)
    return Bare(wheel, venv / "bin")


def required(wheel: Path) -> list[str]:
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    return re.findall(r"^Requires-Dist: ([\w-]+)[^;\n]*$", archive.read(name).decode(), re.MULTILINE)


def _needed(_of: str, names: list[str]) -> Iterator[str]:
    """These packages and all that they require."""
    for name in names:
        yield name
        more = [one for one in distribution(name).requires or () if "extra ==" not in one]
        yield from _needed(name, [re.match(r"[\w.-]+", one)[0] for one in more if "python_full" not in one])  # type: ignore[index]


def _installed(name: str) -> Iterator[Path]:
    """What a package has laid into the environment, by its top folders and files."""
    found = distribution(name)
    for file in found.files or ():
        top = file.parts[0]
        if top not in ("..", "__pycache__"):
            yield Path(str(found.locate_file(top)))


def test_it_requires_little_and_nothing_of_the_server(bare: Bare, tmp_path: Path) -> None:
    assert set(required(bare.wheel)) == {"cryptography", "http-message-signatures", "http-sf"}
    script = (
        "import sync_protocol.client.tablet, sync_protocol.conform.kit, sys; print(sync_protocol.__file__);"
        + "".join(
            f"\ntry:\n import {name}\n print('{name} is here')\nexcept ImportError: pass"
            for name in ("server", "flask", "sqlalchemy", "marshmallow")
        )
    )
    ran = bare.run("python", "-c", script, folder=tmp_path)
    assert ran.stdout.splitlines() == [ran.stdout.splitlines()[0]], ran.stderr
    assert ran.stdout.startswith(str(bare.bin.parent))


def test_it_has_the_specification_and_the_vectors_and_says_its_version(bare: Bare) -> None:
    names = zipfile.ZipFile(bare.wheel).namelist()
    assert f"gongdi_client-{__version__}" in bare.wheel.name
    assert "sync_protocol/SPEC.md" in names and "sync_protocol/vectors/entries.json" in names
    assert any(name.endswith("/LICENSE") for name in names)
    assert not [name for name in names if not name.startswith(("sync_protocol/", "gongdi_client-"))]


def test_a_gate_machine_of_25_lines_passes_who_is_on_the_roster(
    bare: Bare, cast: Cast, app: Flask, tmp_path: Path
) -> None:
    field = Field(cast, tmp_path)
    tablet = field.tablet("registrar")
    worker = tablet.add(field.scope, "worker", WORKER)
    assert tablet.sync().ok
    with app.app_context(), write() as session:
        user = session.get_one(User, cast.users["inspector"])
        code = make_code(session, user, cast.clock.now_ms(), "gate", ("tablet", "gate"))
    script = ROOT / "examples" / "gate_machine.py"
    assert len(script.read_text("utf-8").splitlines()) <= 25
    with serving(app) as address:
        said = f"{worker} in\n{worker.replace('0', '1')} in\n{worker} out\n"
        ran = bare.run("python", script, address, code, folder=tmp_path, said=said)
        again = bare.run("python", script, address, "no code", folder=tmp_path, said=f"{worker} in\n")
    assert [line.split()[0] for line in ran.stdout.splitlines()] == ["passed", "refused", "passed"], (
        ran.stderr
    )
    assert again.stdout == f"passed {worker} in 0 unsent\n"  # enrolled once
    assert tablet.sync().ok
    directions = sorted(item.body["direction"] for item in tablet.list("gate_pass"))
    assert directions == ["in", "in", "out"]


def test_a_collector_writes_what_it_reads_and_says_what_was_refused(
    bare: Bare, cast: Cast, app: Flask, tmp_path: Path
) -> None:
    field = Field(cast, tmp_path)
    log = {"place": "canteen", "agent": "chlorine", "operator": "王师傅"}
    lines = [
        {"kind": "disinfection_log", "body": log},
        {"kind": "disinfection_log", "body": {**log, "agent": "soap"}},
    ]
    said = "".join(f"{json.dumps(line)}\n" for line in lines)
    script = ROOT / "examples" / "collector.py"
    with serving(app) as address:
        ran = bare.run("python", script, address, field.code("inspector"), folder=tmp_path, said=said)
        good = bare.run("python", script, address, "", folder=tmp_path, said=f"{json.dumps(lines[0])}\n")
    assert ran.returncode == 1, ran.stderr
    assert sorted(ran.stdout.splitlines())[:2] == ["applied 1", "refused 1"]
    assert "/body/agent" in ran.stdout
    assert (good.returncode, good.stdout) == (0, "applied 1\n")
    assert len(records(WireDevice(field).pull({}), "disinfection_log")) == 2


def test_a_collector_keeps_what_no_server_took(bare: Bare, cast: Cast, app: Flask, tmp_path: Path) -> None:
    field = Field(cast, tmp_path)
    script = ROOT / "examples" / "collector.py"
    said = json.dumps(
        {"kind": "disinfection_log", "body": {"place": "canteen", "agent": "chlorine", "operator": "王"}}
    )
    with serving(app) as address:
        bare.run("python", script, address, field.code("inspector"), folder=tmp_path)
    alone = bare.run("python", script, folder=tmp_path, said=said)
    assert (alone.returncode, alone.stdout) == (1, "unsent 1 offline\n")


def test_the_kit_is_a_command_of_it(bare: Bare, cast: Cast, app: Flask, tmp_path: Path) -> None:
    field = Field(cast, tmp_path)
    with serving(app) as address:
        ran = bare.run("gongdi-conform", address, field.code("inspector"), folder=tmp_path)
        bad = bare.run("gongdi-conform", address, "XXXXX-XXXXX", folder=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.splitlines()[-1].endswith(" passed, 0 failed")
    assert (bad.returncode, bad.stdout.splitlines()[-1]) == (1, "0 passed, 1 failed")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_is_named_in_the_integrators_guide(path: Path) -> None:
    assert f"examples/{path.name}" in (ROOT / "docs" / "INTEGRATION.md").read_text("utf-8")
