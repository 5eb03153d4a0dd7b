"""The app behind a real port: behind a simple server, or behind the product's own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from server.base.config import Config
from server.web.web_server import bound, listen

POLL_S = 0.05  # how often a server looks whether it is to end: half a second by itself, and each test waits for that


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve the app on this machine; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_S,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def served(app: Any, config: Config) -> Iterator[int]:
    """Serve a WSGI app as `gongdi serve` does; gives its port."""
    config = replace(config, port=0)
    (server,) = listen(app, config, bound(config))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield int(server.effective_port)
    finally:
        server.readable = _leave  # asked in the loop, which ends with this
        server.pull_trigger()
        thread.join()
        for channel in list(server.active_channels.values()):
            channel.handle_close()
        server.close()


def _leave() -> bool:
    raise SystemExit


class _Quiet(WSGIRequestHandler):
    """The app writes its own log of requests."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass
