"""The conformance kit for clients: the reference tablet keeps every rule; where a client breaks one, the kit names it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from sync_protocol.client.tablet import Tablet
from sync_protocol.client.transport import HttpTransport, Request, Response, Transport, WsgiTransport
from sync_protocol.conform.judge import RULES, Judge, serve_judge
from sync_protocol.conform.kit import judged, print_results
from sync_protocol.signatures import public_text
from tests.live import serving
from tests.server.cast import Cast
from tests.stories.field import WORKER, Field, FieldClock
from tests.stories.wire import LOG, WireDevice

SAID = {"place": "canteen", "agent": "chlorine", "operator": "李师傅"}


@pytest.fixture
def field(cast: Cast, tmp_path: Path) -> Field:
    return Field(cast, tmp_path)


class Through:
    """A test's client whose requests go through a judge."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge

    def post(self, path: str, data: bytes = b"", headers: Any = None, json: Any = None) -> Any:
        return _Answer(self.judge.send(Request("POST", f"http://gongdi.test{path}", headers or {}, data)))


class _Answer:
    def __init__(self, answer: Response) -> None:
        self.status_code, self.data, self.text = answer.status, answer.body, answer.body.decode()

    def get_json(self) -> Any:
        return json.loads(self.data)


def test_the_reference_tablet_breaks_no_rule_and_comes_by_all_of_them(field: Field, app: Flask) -> None:
    judge = Judge(WsgiTransport(app))
    tablet = field.tablet("judged", transport=judge)
    worker = tablet.add(field.scope, "worker", WORKER)
    tablet.add(field.scope, "disinfection_log", SAID)
    assert tablet.sync().ok
    tablet.edit(field.scope, worker, {"team": "二班"})
    assert tablet.sync().ok
    assert judge.broken == {}
    assert [name for name in RULES if not judge.seen[name]] == []
    assert print_results(judged(judge), lambda line: None)


def test_answers_that_are_lost_make_no_good_client_look_bad(field: Field, app: Flask) -> None:
    class Lossy:
        """Loses every second answer of a push, before the client sees it."""

        pushes = 0

        def __init__(self, way: Transport) -> None:
            self.way = way

        def send(self, request: Request) -> Response:
            answer = self.way.send(request)
            self.pushes += request.url.endswith("/push")
            if request.url.endswith("/push") and self.pushes % 2 == 0:
                raise ConnectionResetError
            return answer

    judge = Judge(WsgiTransport(app))
    tablet = field.tablet("lossy", transport=Lossy(judge))
    for _ in range(3):
        tablet.add(field.scope, "disinfection_log", SAID)
        tablet.sync()
        field.cast.clock.advance(1_000)
    assert tablet.sync().ok or tablet.sync().ok
    assert judge.broken == {}


Breaking = Callable[[WireDevice], object]
BROKEN: dict[str, Breaking] = {
    "client.nonce": lambda device: [device.push(nonce="once"), device.push(nonce="once")],
    "client.limits": lambda device: device.push(*[b"{}"] * 501),
    "client.header": lambda device: device.push(header=b"{"),
    "client.beacon": lambda device: device.push(),  # says none
    "client.attestation": lambda device: device.push(header=device.header({})),
    "client.head": lambda device: device.push(
        device.line(), header=device.header({device.field.scope: (1, "0" * 64, 0)})
    ),
    "client.entries": lambda device: device.push(b'{"id":1,"id":2}'),
    "client.bytes": lambda device: device.push(
        device.line(id="01980a00-0000-7000-8000-00000000e001"),
        device.line(id="01980a00-0000-7000-8000-00000000e001", body={**LOG, "operator": "x"}),
    ),
    "client.chain": lambda device: device.push(device.line(), device.line(prev="0" * 64)),
    "client.unsent": lambda device: [
        device.line(),
        device.push(device.line(), header=device.header({device.field.scope: (2, "0" * 64, 0)})),
        device.push(device.line(n=1, prev="")),
    ],
    "client.cursor": lambda device: device.pull({device.field.scope: "invented"}),
    "client.signature": lambda device: device.push(headers={"Content-Digest": "sha-256=:AAAA:"}),
}


@pytest.fixture
def wire(field: Field, app: Flask) -> tuple[WireDevice, Judge]:
    """A device that can do wrong, behind a judge that saw it enrol and pull."""
    device = WireDevice(field)
    judge = Judge(WsgiTransport(app))
    enrolled = {"public_key": public_text(device.key)}
    judge._enrolled(json.dumps(enrolled).encode(), Response(200, {}, json.dumps(device.identity).encode()))
    device.http = Through(judge)  # type: ignore[assignment]
    device.pull({})
    return device, judge


@pytest.mark.parametrize("name", BROKEN)
def test_a_rule_that_is_broken_is_named(wire: tuple[WireDevice, Judge], name: str) -> None:
    device, judge = wire
    BROKEN[name](device)
    assert name in judge.broken
    assert not print_results(judged(judge), lambda line: None)


def test_every_rule_has_a_client_that_breaks_it() -> None:
    assert BROKEN.keys() == RULES.keys() - {"client.key"}


def test_a_key_that_is_none_is_found(app: Flask, field: Field) -> None:
    judge = Judge(WsgiTransport(app))
    judge._enrolled(b'{"public_key":"AAAA"}', Response(200, {}, b'{"device":"d","beacon":"b"}'))
    assert "client.key" in judge.broken


def test_a_client_elsewhere_comes_by_http(field: Field, app: Flask, tmp_path: Path) -> None:
    with serving(app) as address:
        judge, servers, is_ready = Judge(HttpTransport()), [], threading.Event()

        def ready(server: Any) -> None:
            servers.append(server)
            is_ready.set()

        thread = threading.Thread(target=serve_judge, args=(judge, address, 0, ready))
        thread.start()
        assert is_ready.wait(10)
        try:
            tablet = Tablet(tmp_path / "far", field.clocks.setdefault("far", FieldClock(field.cast.clock)))
            tablet.enrol(f"http://127.0.0.1:{servers[0].server_port}", field.code("inspector"), "far", "test")
            assert tablet.sync().ok
            tablet.add(field.scope, "disinfection_log", SAID)
            assert tablet.sync().ok
            tablet.close()
        finally:
            servers[0].shutdown()
            thread.join()
    assert judge.broken == {} and judge.seen["client.chain"] == 1
