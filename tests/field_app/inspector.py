"""The person with a tablet: one browser profile with the app in it, in front of a server that can be stopped."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    FilePayload,
    Locator,
    Page,
    Request,
    Route,
    expect,
)
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wsgi import ClosingIterator

from schemas.book import FormBook
from server.actions.sync import read_push
from tests.chromium import TIMEOUT_MS
from tests.live import POLL_S
from tests.stories.field import Field

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MINUTE_MS = 60_000
ANSWER_S = 3.0  # at most, until what the server answered has arrived
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
# What came before this is worked off.
AFTERWARDS = "() => new Promise((resolve) => setTimeout(resolve, 20))"
PUSH, PULL = "**/sync/v1/push", "**/sync/v1/pull"


class Live:
    """The app behind a real port, which can be closed and opened again."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._port = 0
        self._server: BaseWSGIServer | None = None
        self._turn = threading.Condition()
        self._is_held = False
        self._inside = self._waiting = 0  # requests
        self.start()

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        with self._turn:
            self._waiting += 1
            self._turn.wait_for(lambda: not self._is_held)
            self._waiting -= 1
            self._inside += 1
        return ClosingIterator(self._app(environ, start), [self._leave])  # Flask raises nothing

    def _leave(self) -> None:
        with self._turn:
            self._inside -= 1

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within it a request that comes waits for its end, as on a slow network."""
        self._is_held = True
        try:
            yield
        finally:
            with self._turn:
                self._is_held = False
                self._turn.notify_all()

    def is_answering(self, asked: int) -> bool:
        """Whether it works on any of so many requests that are on their way, or has answered it."""
        with self._turn:
            return self._inside > 0 or asked > self._waiting

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._server = make_server("127.0.0.1", self._port, self, threaded=True, request_handler=_Quiet)
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
        self._asked: set[Request] = set()  # and not answered yet
        context.on("request", lambda request: self._asked.add(request) if "/sync/" in request.url else None)
        for ended in ("requestfinished", "requestfailed"):
            context.on(ended, lambda request: self._asked.discard(request))  # type: ignore[call-overload]
        self.set_clock()
        self.page = context.new_page()

    def set_clock(self) -> None:
        """The browser's clock shows the test's time."""
        now_ms = self.field.cast.clock.now_ms()
        self.context.clock.set_fixed_time(datetime.fromtimestamp(now_ms / 1000, UTC))

    def pass_time(self, ms: int) -> None:
        """For everybody: server, tablets, browser. No answer is on its way meanwhile: what it says of the time would be
        compared with the browser's clock after it was set, and that taken for wrong."""
        with self.live.held():
            self._let_answers_arrive()
            self.field.cast.clock.advance(ms)
            self.set_clock()

    def _let_answers_arrive(self) -> None:
        end_s = time.monotonic() + ANSWER_S
        while self.live.is_answering(len(self._asked)) and time.monotonic() < end_s:
            self.page.wait_for_timeout(10)
        self.page.evaluate(AFTERWARDS)

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
        self._asked.clear()
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
        found = self.page.locator(".people button")
        expect(found).to_have_count(1)  # the only one that is meant
        found.click()
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


def log_disinfection(page: Page) -> None:
    """What has to be filled in of one place."""
    page.get_by_role("button", name="含氯消毒剂").click()
    page.locator("[name=concentration_mg_l]").fill("500")
    page.locator("[name=operator]").fill("王师傅")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", name="消毒记录", exact=True)).to_be_visible()
