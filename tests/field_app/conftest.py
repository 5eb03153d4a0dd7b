"""The inspectors' app in a real browser, against a server on this machine that can be stopped: a network that
is really gone. What the browser writes is compared with what another tablet pulls."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    FilePayload,
    Locator,
    Page,
    Route,
    ViewportSize,
    expect,
)
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from schemas.book import FormBook
from schemas.certificates import person_check_character
from server.actions.audit.verify_log import verify_scope
from server.actions.records.feed import publish
from server.actions.records.site_record import site_put
from server.actions.reference.load_reference import load_reference
from server.actions.sites.assign_site import assign_site
from server.actions.sync import read_push
from server.app import create_app
from server.base.clock import FakeClock
from server.base.config import Config
from server.base.db import alone, db, read, write
from server.field_app.build import ensure_built
from server.models import Scope, Site, User
from server.models.scope import lock_scope
from server.workflows.scheduler import tick
from sync_protocol.client.reports import Item
from tests.chromium import TIMEOUT_MS
from tests.console.conftest import DESK
from tests.live import POLL_S
from tests.server.cast import NOW_MS, Cast, identity, make_cast, set_places
from tests.server.conftest import app, config
from tests.stories.field import WORKER, Field

__all__ = ["app", "config"]

MINUTE_MS = 60_000
DATABASE = "gongdi.sqlite3"
# Waits until something typed is in the browser's own database. (A page's wait_for_function takes a promise for true.)
KEPT = """async ([text, most]) => {
  const request = (asking) => new Promise((resolve) => (asking.onsuccess = () => resolve(asking.result)));
  const database = await request(indexedDB.open("gongdi-field"));
  for (const end = performance.now() + most; performance.now() < end; ) {
    const notes = await request(database.transaction("notes").objectStore("notes").getAll());
    if (JSON.stringify(notes).includes(text)) return database.close();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`not kept: ${text}`);
}"""
PUSH, PULL = "**/sync/v1/push", "**/sync/v1/pull"


def certificate(first_17: str) -> str:
    """An identity number that passes every check and belongs to nobody."""
    return first_17 + person_check_character(first_17)


ZHANG = {**WORKER, "name": "张三", "certificate_number": certificate("41070219900307001")}
CENG = {
    **WORKER,
    "name": "曾小贤",
    "certificate_number": certificate("41070219881123002"),
    "team": "木工班",
    "phone": "13900001234",
}


@dataclass(frozen=True)
class Morning:
    """A server's data as the office leaves them before the round: the cast, duties, site A with two places, the windows of
    the day, and two people of site A, known by their names. The tablet that wrote them is an office's."""

    folder: Path
    now_ms: int
    users: dict[str, str]
    workers: dict[str, str]


@pytest.fixture(scope="session")
def morning(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Morning:
    """Made once: each test has a copy."""
    folder = tmp_path_factory.mktemp("morning") / "data"
    folder.mkdir()
    url = f"sqlite:///{shutil.copy(sqlite_template, folder / DATABASE)}"
    clock = FakeClock(NOW_MS)
    app = create_app(Config.from_env({"GONGDI_DATABASE_URL": url, "GONGDI_DATA_DIR": str(folder)}), clock)
    field = Field(make_cast(app, clock), folder.parent)
    _plan_today(field)
    with field.tablet("office") as tablet:
        workers = {str(body["name"]): tablet.add(field.scope, "worker", body) for body in (ZHANG, CENG)}
        assert tablet.sync().ok
    app.extensions["gongdi_pool"].shutdown()
    with app.app_context():
        db.engine.dispose()
    return Morning(folder, clock.now_ms(), field.cast.users, workers)


@pytest.fixture
def database_url(morning: Morning, tmp_path: Path) -> str:
    """One kind of database is enough here: a page does not know which one it came from."""
    shutil.copytree(morning.folder, tmp_path, dirs_exist_ok=True)
    return f"sqlite:///{tmp_path / DATABASE}"


@pytest.fixture
def clock(morning: Morning) -> FakeClock:
    return FakeClock(morning.now_ms)


@pytest.fixture
def cast(app: Flask, clock: FakeClock, morning: Morning) -> Cast:
    return Cast(app, clock, dict(morning.users), identity("site a"), identity("site b"))


@pytest.fixture
def workers(morning: Morning) -> dict[str, str]:
    """Two people of site A, known to the server: ids by name."""
    return dict(morning.workers)


@pytest.fixture(scope="session")
def built() -> None:
    """The app, built from the sources as they are."""
    ensure_built()


class Live:
    """The app behind a real port, which can be closed and opened again."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._port = 0
        self._server: BaseWSGIServer | None = None
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._server = make_server("127.0.0.1", self._port, self._app, threaded=True, request_handler=_Quiet)
        self._port = self._server.port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(POLL_S,))
        self._thread.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None


def _room(within: Locator, name: str) -> Locator:
    """The link of the room that is called so, else of the first whose name has it: forms may have longer names."""
    exact = within.locator("a").filter(has_text=re.compile(rf"^\s*{name}\s*$"))
    return exact if exact.count() else within.locator("a", has_text=name).first


class _Quiet(WSGIRequestHandler):
    """The app writes its own log of requests."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class Inspector:
    """One browser profile with the app in it, and the person who uses it."""

    def __init__(self, context: BrowserContext, live: Live, field: Field) -> None:
        self.context = context
        self.live = live
        self.field = field
        self.complaints: list[str] = []
        self.patch = pytest.MonkeyPatch()
        context.set_default_timeout(TIMEOUT_MS)
        context.on("console", self._note)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.set_clock()
        self.page = context.new_page()

    def set_clock(self) -> None:
        """The browser's clock shows the test's time."""
        now_ms = self.field.cast.clock.now_ms()
        self.context.clock.set_fixed_time(datetime.fromtimestamp(now_ms / 1000, UTC))

    def pass_time(self, ms: int) -> None:
        """For everybody: server, tablets, browser."""
        self.field.cast.clock.advance(ms)
        self.set_clock()

    def enrol(self) -> Page:
        """Enrol by a link with the code, as a QR code has it; then everything is pulled."""
        self.page.goto(f"{self.live.address}/field/#code={self.field.code('inspector')}")
        self.page.get_by_role("button", name="登记", exact=True).click()
        expect(self.page.get_by_role("heading", name="今日")).to_be_visible()
        expect(self.page.locator(".badge")).to_contain_text("同步于 刚刚")
        self.page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
        return self.page

    def open_again(self) -> Page:
        """The app is closed, and started again as from the home screen."""
        self.page.close()
        self.page = self.context.new_page()
        self.page.goto(f"{self.live.address}/field/")
        return self.page

    def open(self, room: str) -> None:
        """A room; one that a phone's bar has no space for is behind 更多."""
        bar = self.page.get_by_role("navigation")
        bar.locator("a:visible").filter(has_text=re.compile(f"{room}|更多")).first.click()
        if not _room(bar, room).is_visible():
            _room(self.page.locator(".tiles"), room).click()
        # Rooms have similar elements: nothing is touched before the room is shown.
        expect(_room(bar, room)).to_have_attribute("aria-current", "page")

    def open_worker(self, name: str) -> None:
        self.open("名册")
        self.page.get_by_role("button", name=name).click()
        expect(self.page.get_by_role("heading", name=name)).to_be_visible()

    def take_photo(self, shade: int = 0) -> None:
        file = BytesIO()
        Image.new("RGB", (8, 8), (60 * shade, 90, 90)).save(file, "PNG")
        picture: FilePayload = {"name": "p.png", "mimeType": "image/png", "buffer": file.getvalue()}
        self.page.locator(".photo input").set_input_files(picture)
        expect(self.page.locator(".photo")).to_contain_text("照片已附上")

    def measure(self, name: str, digits: str) -> None:
        """As at a gate: choose, type three digits. A second reading in the slot is confirmed."""
        self.open("测温")
        self.page.get_by_label("找人").fill(name)
        self.page.locator(".people button").click()  # the only one that is meant
        self.page.locator(".keypad, .ask").first.wait_for()
        again = self.page.get_by_role("button", name="再测一次")
        if again.is_visible():
            again.click()
        self.type_digits(digits)

    def type_digits(self, digits: str) -> None:
        for digit in digits:
            self.page.locator(".keypad").get_by_role("button", name=digit, exact=True).click()

    def expect_kept(self, text: str) -> None:
        """What is being filled in is in the tablet, so that a kill loses nothing."""
        self.page.evaluate(KEPT, [text, TIMEOUT_MS])

    def sync(self) -> None:
        self.open("同步")
        self.page.get_by_role("button", name="立即同步").click()
        expect(self.page.get_by_role("button", name="立即同步")).to_be_enabled()

    def expect_unsent(self, count: int) -> None:
        text = f"未上传 {count} 条" if count else "全部已上传"
        expect(self.page.locator(".badge")).to_contain_text(text)

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """No network: for the browser there is none, and the server is not there either."""
        self.context.set_offline(True)
        self.live.stop()
        yield
        self.live.start()
        self.context.set_offline(False)

    def refuse_first(self, pointer: str, message: str) -> None:
        """The server refuses the first entry that comes, for a reason of the test's own: the app writes nothing that
        it would refuse."""
        real = read_push.validate_line
        refused: list[str] = []

        def validate_line(number: int, raw: bytes, kinds: FormBook) -> read_push.Line:
            line = real(number, raw, kinds)
            if line.entry is not None and (not refused or line.entry.id in refused):
                refused.append(line.entry.id)
                line.code, line.errors = "body_invalid", {pointer: [message]}
            return line

        self.patch.setattr(read_push, "validate_line", validate_line)

    def lose_answers(self, pattern: str, times: int) -> list[int]:
        """The server gets these requests and answers, and the answers never arrive. Gives their statuses."""
        lost: list[int] = []

        def take(route: Route) -> None:
            if len(lost) >= times:
                route.continue_()
                return
            lost.append(route.fetch().status)
            route.abort("connectionreset")

        self.context.route(pattern, take)
        return lost

    def _note(self, message: ConsoleMessage) -> None:
        """Requests that fail are what these tests are about; anything else is a defect."""
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(f"{message.type}: {message.text}")


@pytest.fixture
def live(app: Flask) -> Iterator[Live]:
    live = Live(app)
    yield live
    live.stop()


@pytest.fixture
def field(cast: Cast, tmp_path: Path) -> Field:
    return Field(cast, tmp_path)


def _plan_today(field: Field) -> None:
    seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
    with field.app.app_context(), alone():
        with write() as session:
            load_reference(session, seals, now_ms)
            site = session.get_one(Site, field.cast.site_a)
            set_places(session, site.id, ("canteen", "工人食堂"), ("dormitory", "一号宿舍"))
            scope = lock_scope(session, site.id)
            assert scope is not None
            publish(session, scope, seals, now_ms, [site_put(session, site, [], now_ms)])
        tick(field.app, now_ms)


@pytest.fixture
def inspector(
    built: None, browser: Chromium, live: Live, field: Field, workers: dict[str, str], size: ViewportSize
) -> Iterator[Inspector]:
    """Not enrolled yet. What the page complains of fails the test, and so does a log that does not hold."""
    context = browser.new_context(viewport=size, locale="zh-CN", timezone_id="Asia/Shanghai")
    inspector = Inspector(context, live, field)
    yield inspector
    context.unroute_all(behavior="ignoreErrors")  # a request may be on its way
    context.close()
    inspector.patch.undo()
    assert inspector.complaints == []
    assert_log_holds(field)


@pytest.fixture
def size() -> ViewportSize:
    return DESK


def give_the_other_site(field: Field) -> None:
    """The inspector gets a second site, where nobody works yet."""
    seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
    with field.app.app_context(), write() as session:
        user, site = (
            session.get_one(User, field.cast.users["inspector"]),
            session.get_one(Site, field.cast.site_b),
        )
        assign_site(session, seals, user, site, now_ms)
        scope = lock_scope(session, site.id)
        assert scope is not None
        publish(session, scope, seals, now_ms, [site_put(session, site, [], now_ms)])


def log_disinfection(page: Page) -> None:
    """What has to be filled in of one place."""
    page.get_by_role("button", name="含氯消毒剂").click()
    page.locator("[name=concentration_mg_l]").fill("500")
    page.locator("[name=operator]").fill("王师傅")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", name="消毒记录", exact=True)).to_be_visible()


def elsewhere(field: Field, kind: str) -> Sequence[Item]:
    """The records of a kind as another tablet gets them from the server."""
    number = len(field.clocks)
    with field.tablet(f"other-{number}") as tablet:
        return tablet.list(kind, field.scope)


def bodies(items: Sequence[Item], *names: str) -> list[tuple[Any, ...]]:
    """Some fields of each record, sorted."""
    return sorted(tuple(item.body.get(name) for name in names) for item in items)


def assert_log_holds(field: Field) -> None:
    seals = field.app.extensions["gongdi"].seals
    with field.app.app_context(), read() as session:
        for scope in session.query(Scope).where(Scope.kind == "site"):
            assert list(verify_scope(session, seals, scope)) == []
