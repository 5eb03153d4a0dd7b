"""Make a folder of wheels smaller: `slim_wheels.py FOLDER LOCK`. What no server needs at run time stays away: sources of C
code, type stubs, tests, fonts and a backend that nobody asks for; and, where there is a `strip`, the symbols of libraries,
which only debuggers read.

Each wheel keeps its name, its licences and a RECORD that is right. LOCK gets the hashes of what the wheels are now, so
that an installation still verifies each of them.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

LEFT_OUT = re.compile(
    r".*\.(?:c|cc|cpp|h|pyx|pxd|pyi)"
    r"|(?:sqlalchemy|mako|alembic)/testing/.*|[^/]+/tests/.*"
    r"|zstandard/(?:_cffi\.[^/]*\.so|backend_cffi\.py)"  # for PyPy
    r"|pylopdf_fonts_(?:jp|zh_tw)/NotoSans[^/]*"  # papers fall back on the other one (check_glyphs.py)
    r"|apprise/plugins/(?!(?:__init__|base|dingtalk|feishu|wecombot)\.py|email/).*|apprise/i18n/.*"  # of other services
    r"|pygments/(?:lexers/(?!__init__|_mapping|python)|styles/(?!__init__|_mapping|default)).*"  # nothing is coloured
    r"|PIL/_avif\..*|pillow\.libs/libavif-.*"  # no photo that is accepted
)
# Libraries that come from elsewhere were moved into wheels by a tool that changes them; those are stripped already.
_STRIPPED = re.compile(r"(?!.*\.libs/).*\.so")


def slim(wheel: Path) -> None:
    """Writes the wheel again, without what is left out."""
    with zipfile.ZipFile(wheel) as packed:
        members = [(one, packed.read(one)) for one in packed.infolist() if not one.is_dir()]
    kept = [
        (one, _stripped(one.filename, content))
        for one, content in members
        if not LEFT_OUT.fullmatch(one.filename)
    ]
    (record,) = (one for one, _ in kept if re.fullmatch(r"[^/]+\.dist-info/RECORD", one.filename))
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    for one, content in kept:
        is_record = one is record
        writer.writerow(
            [one.filename, "" if is_record else _hash(content), "" if is_record else len(content)]
        )
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as packed:
        for one, content in kept:
            packed.writestr(one, rows.getvalue() if one is record else content, zipfile.ZIP_DEFLATED)


def relock(lock: Path, wheels: Path) -> None:
    """The same packages in the same versions, each with the one hash of its wheel; what has none there goes."""
    hashes = {
        _named(path.name): hashlib.sha256(path.read_bytes()).hexdigest() for path in wheels.glob("*.whl")
    }
    lines = []
    for line in lock.read_text("utf-8").splitlines():
        if found := re.match(r"([\w.-]+)(?:\[[^]]*\])?==([^\s;]+)", line):
            key = (re.sub(r"[-_.]+", "_", found[1]).lower(), found[2])
            if key in hashes:
                lines += [line.rstrip("\\ "), f"    --hash=sha256:{hashes[key]}"]
                lines[-2] += " \\"
    lock.write_text("\n".join(lines) + "\n", "utf-8")


def _named(wheel: str) -> tuple[str, str]:
    name, version = wheel.split("-")[:2]
    return re.sub(r"[-_.]+", "_", name).lower(), version


def _stripped(name: str, content: bytes) -> bytes:
    strip = shutil.which("strip")
    if strip is None or not _STRIPPED.fullmatch(name):
        return content
    with tempfile.NamedTemporaryFile(suffix=".so") as file:
        file.write(content)
        file.flush()
        done = subprocess.run([strip, "--strip-unneeded", file.name], capture_output=True)
        stripped = Path(file.name).read_bytes()
    return stripped if done.returncode == 0 else content


def _hash(content: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


if __name__ == "__main__":
    if shutil.which("strip") is None:
        print("no strip here (Debian: binutils): an installation is some 50 MB larger", file=sys.stderr)
    for path in sorted(Path(sys.argv[1]).glob("*.whl")):
        slim(path)
    relock(Path(sys.argv[2]), Path(sys.argv[1]))
