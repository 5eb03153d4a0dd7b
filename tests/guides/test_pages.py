"""The guides as a server shows them: to everybody, with links that lead somewhere."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException

from server import console
from server.app import create_app
from server.base.clock import FakeClock
from server.base.config import Config
from server.base.db import db
from server.guides import library, pages, render
from server.guides.library import GUIDES
from server.guides.render import picture_names
from tests.guides.pictures import PICTURES
from tests.server.cast import NOW_MS

NAMES = sorted(GUIDES)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("guides")
    url = f"sqlite:///{shutil.copy(sqlite_template, folder / 'gongdi.sqlite3')}"
    config = Config.from_env({"GONGDI_DATABASE_URL": url, "GONGDI_DATA_DIR": str(folder)})
    made = create_app(config, FakeClock(NOW_MS))
    yield made
    made.extensions["gongdi_pool"].shutdown()
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where pictures are; none was made."""
    for module in (library, pages, render):
        monkeypatch.setattr(module, "PICTURES", tmp_path)
    return tmp_path


def html_of(app: Flask, name: str) -> str:
    answer = app.test_client().get(f"/docs/{name}")
    assert answer.status_code == 200
    return answer.text


def test_the_index_leads_to_every_guide_without_a_log_in(app: Flask) -> None:
    html = app.test_client().get("/docs").text
    assert {f"/docs/{name}" for name in NAMES} <= set(re.findall(r'href="([^"]+)"', html))
    assert app.test_client().get("/docs/").status_code == 200


def test_the_consoles_help_leads_to_the_guides() -> None:
    help_page = Path(console.__path__[0]) / "templates" / "help.html"
    assert "url_for('guides.index')" in help_page.read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_every_link_of_a_guide_leads_somewhere(app: Flask, name: str) -> None:
    html = html_of(app, name)
    adapter = app.url_map.bind("")
    for target in re.findall(r'href="([^"]+)"', html):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        if path.startswith("/docs/"):
            with app.test_client().get(path) as answer:
                assert answer.status_code == 200, target
        elif path:
            try:
                adapter.match(path, method="GET")
            except HTTPException as error:
                assert error.code == 308, target  # to the same path with its slash
        if anchor:
            shown = html_of(app, path.removeprefix("/docs/")) if path.startswith("/docs/") else html
            assert f'id="{anchor}"' in shown, target


@pytest.mark.parametrize("name", NAMES)
def test_a_guide_needs_no_script_and_nothing_from_elsewhere(app: Flask, name: str) -> None:
    html = html_of(app, name)
    assert "<script" not in html and not re.search(r'(?:src|link[^>]+href)="https?:', html)


@pytest.mark.parametrize("name", NAMES)
def test_every_picture_that_a_guide_shows_is_one_that_is_made(name: str) -> None:
    assert set(picture_names(GUIDES[name])) <= {f"{one}.png" for one in PICTURES}


def test_no_picture_is_made_for_nobody() -> None:
    shown = {name for guide in GUIDES.values() for name in picture_names(guide)}
    assert {f"{one}.png" for one in PICTURES} == shown


def test_a_figure_whose_picture_was_not_made_is_left_out(app: Flask, pictures: Path) -> None:
    assert "<img" not in html_of(app, "inspector") and "<figure" not in html_of(app, "inspector")
    (pictures / "inspector-today.png").write_bytes(b"a picture")
    address = "/docs/pictures/inspector-today.png"
    shown = re.findall(r'<figure><a href="([^"]+)"><img src="([^"]+)"', html_of(app, "inspector"))
    assert shown == [(address, address)]
    with app.test_client().get("/docs/pictures/inspector-today.png") as answer:
        assert answer.data == b"a picture" and answer.cache_control.max_age


def test_a_name_that_is_no_guide_is_not_found(app: Flask) -> None:
    client = app.test_client()
    for path in ("nothing", "../setup.cfg", "pictures/..%2f..%2flibrary.py", "README.md"):
        assert client.get(f"/docs/{path}").status_code == 404


def test_a_guide_that_a_browser_has_is_not_sent_again(app: Flask) -> None:
    client = app.test_client()
    first = client.get("/docs/office")
    assert first.cache_control.public and first.cache_control.max_age
    again = client.get("/docs/office", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and not again.data


def test_raw_html_in_a_text_stays_text(tmp_path: Path) -> None:
    text = tmp_path / "one.txt"
    text.write_text("# One\n\n<script>alert(1)</script>\n\n[away](javascript:alert(1))\n", "utf-8")
    html = render.render(library.Guide("one", "One", "", text)).html
    assert "<script" not in html and 'href="javascript' not in html
