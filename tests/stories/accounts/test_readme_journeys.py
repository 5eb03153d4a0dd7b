"""The README's three journeys, executed as they are written there: in a fresh folder, on a server that `./run` started."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chromium import TIMEOUT_MS

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text("utf-8")
NEEDED = ("run", "setup.cfg", "pyproject.toml", "requirements-build.lock", "requirements-test.lock")


@dataclass(frozen=True)
class Fresh:
    """A folder in which nothing was ever made, with a server at `address`."""

    folder: Path
    env: dict[str, str]
    address: str


def journey(title: str) -> str:
    """The part of the README that begins with this title and ends at the next one."""
    part = README.split("## Three journeys")[1].split("\n## ")[0]
    found = re.search(rf"^\*\*{re.escape(title)}\.\*\*(.*?)(?=^\*\*[A-Z]|\Z)", part, re.DOTALL | re.MULTILINE)
    assert found, title
    return found[1]


def block(text: str, language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert found, language
    return found[1]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    folder = tmp_path_factory.mktemp("fresh")
    for name in NEEDED:
        shutil.copy(ROOT / name, folder)
    (folder / ".venv").symlink_to(sys.prefix)
    env = {name: value for name, value in os.environ.items() if not name.startswith("GONGDI_")}
    env |= {"PORT": "0", "GONGDI_LOG_LEVEL": "warning"}
    server = subprocess.Popen(
        ["./run"], cwd=folder, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert server.stdout is not None
        address = next(found[0] for line in server.stdout if (found := re.search(r"http://[\d.:]+", line)))
        yield Fresh(folder, {**env, "PORT": address.rpartition(":")[2]}, address)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.communicate()


@pytest.fixture
def page(browser: Browser, fresh: Fresh) -> Iterator[Page]:
    context = browser.new_context(base_url=fresh.address, locale="zh-CN")
    context.set_default_timeout(TIMEOUT_MS)
    yield context.new_page()
    context.close()


def test_the_inspectors_journey_runs_line_by_line(fresh: Fresh) -> None:
    lines = block(journey("Inspector"), "sh")
    ran = subprocess.run(
        ["sh", "-eu", "-c", lines], cwd=fresh.folder, env=fresh.env, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert '"applied": 1' in ran.stdout


@pytest.mark.parametrize("title", ["Brigade and section", "Contractor"])
def test_a_journey_through_the_console_goes_step_by_step(fresh: Fresh, page: Page, title: str) -> None:
    text = journey(title)
    steps = re.findall(r"^\d+\. (.*)$", text, re.MULTILINE)
    assert len(steps) > 5
    for step in steps:
        for pattern, do in STEPS.items():
            if found := re.fullmatch(pattern, step):
                do(fresh, page, text, *found.groups())
                break
        else:
            pytest.fail(f"no such step: {step}")


def _save(fresh: Fresh, _page: Page, text: str, name: str) -> None:
    (fresh.folder / name).write_text(block(text, "csv"), "utf-8")


def _log_in(_fresh: Fresh, page: Page, _text: str, path: str, name: str) -> None:
    page.goto(path)
    page.get_by_label("用户名").fill(name)
    page.get_by_label("密码").fill("gongdi-demo")
    page.get_by_role("button", name="登录").click()


def _read(_fresh: Fresh, page: Page, _text: str, words: str) -> None:
    expect(page.locator("main").get_by_text(words).first).to_be_visible()


def _first_row(_fresh: Fresh, page: Page, _text: str) -> None:
    page.locator("tbody tr").first.get_by_role("link").first.click()


def _write(_fresh: Fresh, page: Page, _text: str, move: str, words: str) -> None:
    card = page.locator("details.card", has=page.locator("summary").get_by_text(move, exact=True))
    if not card.is_visible():
        page.locator(".others > summary").click()
    if card.get_attribute("open") is None:
        card.locator("summary").click()
    card.locator("textarea").fill(words)
    card.locator("button").click()


def _follow(_fresh: Fresh, page: Page, _text: str, words: str) -> None:
    page.get_by_role("link", name=words, exact=True).first.click()


def _press(_fresh: Fresh, page: Page, _text: str, words: str) -> None:
    page.get_by_role("button", name=words).click()


def _choose(fresh: Fresh, page: Page, _text: str, file: str, label: str, button: str) -> None:
    page.get_by_label(label).set_input_files(fresh.folder / file)
    page.get_by_role("button", name=button).click()


STEPS: dict[str, Callable[..., None]] = {
    r"Save this as `(.*)`\.": _save,
    r"Open `(.*)` and log in as `(.*)`\.": _log_in,
    r"Read 「(.*)」\.": _read,
    r"Open the first row\.": _first_row,
    r"Under 「(.*)」 write 「(.*)」\.": _write,
    r"Follow 「(.*)」\.": _follow,
    r"Press 「(.*)」\.": _press,
    r"Choose `(.*)` as 「(.*)」 and press 「(.*)」\.": _choose,
}
