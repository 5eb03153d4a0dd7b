"""What an archive leaves out of wheels: the rest is as it was, and still verified when it is installed."""

from __future__ import annotations

import base64
import csv
import hashlib
import importlib.util
import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
MEMBERS = {
    "parcel/__init__.py": b"answer = 42\n",
    "parcel/fast.c": b"int x;",
    "parcel/fast.pyi": b"",
    "parcel/fast.so": b"\x7fELF, but not one that can be read",
    "parcel/tests/test_it.py": b"",
    "parcel/data/h.json": b"{}",
    "parcel-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: parcel\nVersion: 1.0\n",
    "parcel-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "parcel-1.0.dist-info/licenses/LICENSE": b"as you like",
    "parcel/_vendor/other.dist-info/RECORD": b"",
    "parcel-1.0.dist-info/RECORD": b"old",
}
LOCK = """absent==2.0 ; sys_platform == 'win32' \\
    --hash=sha256:00
parcel==1.0 ; python_full_version < '4' \\
    --hash=sha256:11 \\
    --hash=sha256:22
    # via gongdi (setup.cfg)
"""


@pytest.fixture(scope="module")
def slim_wheels() -> ModuleType:
    spec = importlib.util.spec_from_file_location("slim_wheels", ROOT / "deploy" / "slim_wheels.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def wheel(tmp_path: Path, slim_wheels: ModuleType) -> Path:
    path = tmp_path / "parcel-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in MEMBERS.items():
            packed.writestr(name, content)
    slim_wheels.slim(path)
    return path


def test_sources_of_c_stubs_and_tests_go_and_nothing_else(wheel: Path) -> None:
    gone = {"parcel/fast.c", "parcel/fast.pyi", "parcel/tests/test_it.py"}
    with zipfile.ZipFile(wheel) as packed:
        assert set(packed.namelist()) == MEMBERS.keys() - gone
        for name in MEMBERS.keys() - gone - {"parcel-1.0.dist-info/RECORD"}:
            assert packed.read(name) == MEMBERS[name], name  # what cannot be stripped stays as it is


def test_its_record_is_of_what_it_holds(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        rows = list(csv.reader(io.StringIO(packed.read("parcel-1.0.dist-info/RECORD").decode())))
        assert sorted(row[0] for row in rows) == sorted(packed.namelist())
        for name, said, size in rows:
            content = packed.read(name)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
            assert name.endswith("1.0.dist-info/RECORD") or (said, int(size)) == (
                f"sha256={digest}",
                len(content),
            )


def test_it_is_installed_by_the_hash_that_the_lock_has_now(wheel: Path, slim_wheels: ModuleType) -> None:
    folder, lock = wheel.parent, wheel.with_name("requirements.lock")
    lock.write_text(LOCK)
    slim_wheels.relock(lock, folder)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    wanted = f"parcel==1.0 ; python_full_version < '4' \\\n    --hash=sha256:{digest}\n"
    assert lock.read_text() == wanted
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    uv = [ROOT / ".venv-uv" / "bin" / "uv", "pip", "install", "-q", "--offline", "--no-index"]
    options = [
        "--python",
        folder / "venv" / "bin" / "python",
        "--find-links",
        folder,
        "--require-hashes",
        "-r",
        lock,
    ]
    subprocess.run([*uv, *options], check=True)
    script = "import parcel; print(parcel.answer)"
    ran = subprocess.run([folder / "venv" / "bin" / "python", "-c", script], capture_output=True, text=True)
    assert ran.stdout == "42\n"


def test_every_package_of_the_lock_is_still_in_it(slim_wheels: ModuleType, tmp_path: Path) -> None:
    """Of the true lock, with a wheel for each."""
    lock = tmp_path / "requirements.lock"
    lock.write_text((ROOT / "requirements.lock").read_text())
    names = re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==([^\s;]+)", lock.read_text(), re.MULTILINE)
    for name, version in names:
        (tmp_path / f"{name.replace('-', '_')}-{version}-py3-none-any.whl").write_bytes(name.encode())
    slim_wheels.relock(lock, tmp_path)
    assert re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==([^\s;]+)", lock.read_text(), re.MULTILINE) == names
    assert lock.read_text().count("--hash=sha256:") == len(names)


def test_what_papers_and_messages_need_stays(slim_wheels: ModuleType) -> None:
    for name in (
        *("pylopdf_fonts_zh_cn/NotoSansSC-Regular.otf", "pylopdf_fonts_jp/NotoSerifJP-Regular.otf"),
        *("zstandard/backend_c.cpython-311-x86_64-linux-gnu.so", "typst/_typst.abi3.so"),
        *("apprise/plugins/email/base.py", "fontTools/ttLib/tables/_c_m_a_p.py"),
    ):
        assert not slim_wheels.LEFT_OUT.fullmatch(name), name
