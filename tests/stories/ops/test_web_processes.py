"""One server in several processes: any answers, one that dies is replaced, and their figures are the server's."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

TIMEOUT_S = 60.0
COUNT = 2


class Serving:
    """`gongdi serve` with COUNT web processes."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.port = _free_port()
        settings = {"GONGDI_DATABASE_URL": database_url, "GONGDI_DATA_DIR": str(folder)}
        settings |= {"GONGDI_PROCESSES": str(COUNT), "PORT": str(self.port)}
        quiet = subprocess.DEVNULL
        self.parent = subprocess.Popen(
            [sys.executable, "-m", "server", "serve"],
            env={**os.environ, **settings},
            stdout=quiet,
            stderr=quiet,
        )

    @property
    def children(self) -> set[int]:
        pid = self.parent.pid
        return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))

    def get(self, path: str) -> str:
        url = f"http://127.0.0.1:{self.port}{path}"
        with closing(urllib.request.urlopen(url, timeout=TIMEOUT_S)) as answer:
            return str(answer.read().decode())

    def is_listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture
def serving(app: Flask, database_url: str, tmp_path: Path) -> Iterator[Serving]:
    server = Serving(database_url, tmp_path)
    try:
        _wait_until(lambda: server.is_listening() and len(server.children) == COUNT)
        yield server
    finally:
        server.parent.terminate()
        server.parent.wait()


def test_a_process_that_dies_is_replaced_while_the_other_answers(serving: Serving) -> None:
    before = serving.children
    victim, survivor = sorted(before)
    os.kill(victim, signal.SIGKILL)
    assert '"ok"' in serving.get("/healthz")
    _wait_until(lambda: len(serving.children - {victim}) == COUNT)
    assert survivor in serving.children and len(serving.children - before) == 1


def test_the_figures_are_those_of_all_processes(serving: Serving) -> None:
    for _ in range(30):
        serving.get("/healthz")
    os.kill(min(serving.children), signal.SIGKILL)  # what it counted stays counted
    found = re.search(r'gongdi_requests_total\{[^}]*"/healthz"[^}]*\} (\d+)', serving.get("/metrics"))
    assert found is not None and int(found[1]) == 30


def test_processes_end_with_a_server_that_is_told_to_stop_and_with_one_that_is_killed(
    serving: Serving, database_url: str, tmp_path: Path
) -> None:
    serving.parent.terminate()
    assert serving.parent.wait(TIMEOUT_S) == 0
    assert not serving.is_listening()
    killed = Serving(database_url, tmp_path)
    _wait_until(lambda: killed.is_listening() and len(killed.children) == COUNT)
    killed.parent.kill()
    killed.parent.wait()
    _wait_until(lambda: not killed.is_listening())


_STOPPED_WHILE_IT_FORKS = """
import os, signal, sys, time
from server.web.processes import run_processes
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGTERM))
run_processes(2, lambda: time.sleep(60))
"""


def test_a_server_that_is_told_to_stop_while_it_starts_a_process_stops() -> None:
    done = subprocess.run([sys.executable, "-c", _STOPPED_WHILE_IT_FORKS], timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until(what: Callable[[], bool]) -> None:
    pause, end_s = threading.Event(), time.monotonic() + TIMEOUT_S
    while not what():
        assert time.monotonic() < end_s, "it never came true"
        pause.wait(0.05)
