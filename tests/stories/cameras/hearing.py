"""The part of a scheduler that hears platforms by MQTT, quick enough for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from server.workflows.listen_platforms import Listener

_LOOK_S = 0.05


@contextmanager
def hearing(app: Flask) -> Iterator[Listener]:
    listener = Listener(app, look_s=_LOOK_S, first_wait_s=0.05)
    listener.start()
    try:
        yield listener
    finally:
        listener.stop()
