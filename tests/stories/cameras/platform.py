"""A camera platform as WVP-PRO answers, on a real port of this machine; and a site whose cameras it knows."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa
from flask import Flask

from server.actions.cameras.edit_cameras import NewCamera, add_camera
from server.actions.cameras.edit_platforms import NewPlatform, add_platform
from server.actions.records.segments import read_bodies
from server.actions.reference.load_reference import tx_of
from server.base.db import read, write
from server.models import Camera, Flag, Platform, Record, Site, Window
from server.rules.calendar import instant_ms
from server.workflows.poll_platforms import poll_platforms
from server.workflows.scheduler import tick
from tests.server.cast import Cast, set_places
from tests.stages import reach_reference

DAY, NEXT_DAY = "2026-11-24", "2026-11-25"  # a Tuesday
GATE, WALL = "41070200001320000001", "41070200001320000002"
NVR = "41070200001110000009"
API_KEY = "key-of-the-bureau"
MINUTE_MS = 60_000


@dataclass
class Wvp:
    """What the platform knows: of each device whether it is online, and its channels with theirs."""

    devices: dict[str, tuple[bool, dict[str, str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    breaks: str = ""  # status, words, hangs
    hold: threading.Event = field(default_factory=threading.Event)
    address: str = ""

    def answer(self, path: str, key: str) -> tuple[int, Any]:
        parts = urlsplit(path)
        self.asked.append(path)
        if self.breaks == "hangs":
            self.hold.wait(20)
        if self.breaks == "status":
            return 500, {}
        if self.breaks == "words":
            return 200, {"code": 100, "msg": "失败", "data": None}
        if key != API_KEY:
            return 401, {}
        steps = parts.path.split("/")
        if parts.path == "/api/device/query/devices":
            rows = [{"deviceId": code, "onLine": one[0]} for code, one in self.devices.items()]
        else:
            rows = [
                {"deviceId": code, "name": "球机", "status": status, "parentId": steps[-2]}
                for code, status in self.devices[steps[-2]][1].items()
            ]
        query = parse_qs(parts.query)
        page, count = int(query["page"][0]), int(query["count"][0])
        shown = rows[(page - 1) * count : page * count]
        return 200, {"code": 0, "msg": "成功", "data": {"total": len(rows), "list": shown}}


@contextmanager
def running_wvp() -> Iterator[Wvp]:
    wvp = Wvp()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = wvp.answer(self.path, self.headers.get("api-key", ""))
            text = json.dumps(body, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    wvp.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield wvp
    finally:
        wvp.hold.set()
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Watching:
    """Site A with its platform, on a clock that the test moves."""

    app: Flask
    cast: Cast
    platform: str = ""
    secret: str = ""

    def now(self, time: str, date: str = DAY) -> int:
        self.cast.clock.set(instant_ms(date, time))
        return self.cast.clock.now_ms()

    def add_platform(self, adapter: str, address: str = "", name: str = "市平台", secret: str = "") -> str:
        with self.app.app_context(), write() as session:
            tx = tx_of(session, self.app.extensions["gongdi"].seals, self.cast.clock.now_ms())
            made, self.secret = add_platform(tx, NewPlatform(name, adapter, address, secret))
            self.platform = made.id
            return made.id

    def add_camera(
        self, code: str, name: str, site: str = "", platform: str = "市平台", place: str = ""
    ) -> None:
        with self.app.app_context(), write() as session:
            tx = tx_of(session, self.app.extensions["gongdi"].seals, self.cast.clock.now_ms())
            add_camera(tx, NewCamera(code, name, site or self.cast.site_a, place, platform))

    def poll(self) -> dict[str, int]:
        return poll_platforms(self.app, self.cast.clock.now_ms())

    def poll_through(self, first: str, last: str, date: str = DAY, every_min: int = 10) -> None:
        """Poll from one time of the day to the other; then the scheduler ticks."""
        at_ms, end_ms = instant_ms(date, first), instant_ms(date, last)
        while at_ms <= end_ms:
            self.cast.clock.set(at_ms)
            self.poll()
            at_ms += every_min * MINUTE_MS
        self.tick()

    def tick(self) -> dict[str, Any]:
        return tick(self.app, self.cast.clock.now_ms())

    def window(self, code: str, date: str = DAY) -> tuple[str, str]:
        """State and reason of a camera's window."""
        with self.app.app_context(), read() as session:
            query = sa.select(Window).where(
                Window.duty == "CAMERA", Window.slot == code, Window.local_date == date
            )
            one = session.scalars(query).one()
            return one.state, (one.reason or "").partition(":")[0]

    def flags_of_cameras(self) -> set[str | None]:
        """The flags under which windows of cameras are."""
        with self.app.app_context(), read() as session:
            return set(session.scalars(sa.select(Window.flag_id).where(Window.duty == "CAMERA")))

    def flags(self, duty: str) -> list[str]:
        with self.app.app_context(), read() as session:
            query = sa.select(Flag.state).where(Flag.duty == duty).order_by(Flag.opened_ms)
            return list(session.scalars(query))

    def lines(self, kind: str = "camera_state", site: str = "") -> list[dict[str, Any]]:
        """What was written of the cameras, in order."""
        scope = site or self.cast.site_a
        with self.app.app_context(), read() as session:
            query = sa.select(Record.id, Record.seq, Record.body).where(
                Record.scope_id == scope, Record.kind == kind
            )
            rows = session.execute(query.order_by(Record.seq)).all()
            bodies = read_bodies(session, self.app.extensions["gongdi"].seals, scope, rows)
            return [json.loads(body) for body in bodies]

    def camera(self, code: str) -> Camera:
        with self.app.app_context(), read() as session:
            return session.scalars(sa.select(Camera).where(Camera.code == code)).one()

    def platform_row(self) -> Platform:
        with self.app.app_context(), read() as session:
            return session.get_one(Platform, self.platform)


def watching_site(app: Flask, cast: Cast) -> Watching:
    """Site A, known since the day before; site B is done."""
    watching = Watching(app, cast)
    watching.now("20:00", "2026-11-23")
    reach_reference(app)
    with app.app_context(), write() as session:
        set_places(session, cast.site_a, ("gate", "大门"), ("dormitory", "一号楼"))
        session.get_one(Site, cast.site_b).stage = "completed"
        session.get_one(Site, cast.site_a).made_ms = cast.clock.now_ms()
    return watching
