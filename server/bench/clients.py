"""Figures of several tablets at once, over HTTP, at the server as it runs: entries a second, and the CPU that one takes.

Bodies and signatures are made before the clock runs; the clients only send. Each round has a server of its own."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from server.base.config import Config
from server.bench.figure import Figure
from server.bench.rig import BATCH, HOST, PUSH, CpuClock, Rig
from server.web.processes import web_processes

CLIENTS = (1, 4, 8)
SERVE = (sys.executable, "-m", "server", "serve")
_PUSHES = 6  # of each client; the first does not count
_START_S = 60.0
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_Request = tuple[bytes, dict[str, str]]


def measure_clients(app: Flask, config: Config, command: Sequence[str] = SERVE) -> Iterator[Figure]:
    """Pushes of BATCH checks by so many clients, each at a site of its own, and all at one site. `command` starts the web
    server, on the database of `app` and at the port of `PORT`."""
    yield Figure("web processes", str(web_processes(config)))
    alone_us = 0.0
    for count in CLIENTS:
        for is_shared in (False, True) if count > 1 else (False,):
            rate, each_us = _trial(app, config, command, _rigs(app, count, is_shared))
            alone_us = alone_us or each_us
            where = "at one site" if is_shared else "each at a site of its own"
            name = f"{count} clients, {where}" if count > 1 else "1 client"
            share = f" ({each_us / alone_us:.2f} × of 1 client)" if count > 1 else ""
            took = f"{rate:,.0f} entries/s, CPU {each_us:.0f} µs{share}"
            yield Figure(name, took, "CPU ≤ 1.2 ×" if count > 1 else "")


def _rigs(app: Flask, count: int, is_shared: bool) -> list[Rig]:
    rigs = [Rig(app, f"client {number}") for number in range(count)]
    for rig in rigs:
        rig.site = rigs[0].site if is_shared else ""
        rig.set_up()
    return rigs


def _trial(app: Flask, config: Config, command: Sequence[str], rigs: list[Rig]) -> tuple[float, float]:
    """Entries a second, and microseconds of CPU of web and database for one."""
    asked = [_requests(rig) for rig in rigs]
    cpu = CpuClock()
    with _serving(config, command) as (pid, port), ThreadPoolExecutor(len(rigs)) as pool:
        list(pool.map(lambda some: _send(port, some[:1]), asked))
        before_s, database = _tree_s(pid), cpu.read().database_s
        began_s = time.perf_counter()
        list(pool.map(lambda some: _send(port, some[1:]), asked))
        took_s = time.perf_counter() - began_s
        spent_s = _tree_s(pid) - before_s + cpu.read().database_s - database
    cpu.close()
    entries = len(rigs) * (_PUSHES - 1) * BATCH
    return entries / took_s, spent_s * 1e6 / entries


def _requests(rig: Rig) -> list[_Request]:
    made = []
    for _ in range(_PUSHES):
        body = rig.batch()
        made.append((body, rig.signed(PUSH, body, True)))
    return made


def _send(port: int, requests: list[_Request]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    for body, headers in requests:
        connection.request("POST", PUSH, body, {**headers, "Host": HOST.removeprefix("http://")})
        answer = connection.getresponse()
        said = answer.read()
        assert answer.status == 200, said
    connection.close()


@contextmanager
def _serving(config: Config, command: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The server's process and port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    settings = {"GONGDI_DATABASE_URL": config.database_url, "GONGDI_DATA_DIR": str(config.data_dir)}
    env = {**os.environ, **settings, "PORT": str(port), "GONGDI_LOG_LEVEL": "error"}
    server = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    try:
        end_s = time.monotonic() + _START_S
        while not _answers(port):
            assert time.monotonic() < end_s and server.poll() is None, "the server does not start"
            time.sleep(0.1)
        yield server.pid, port
    finally:
        server.terminate()
        server.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _tree_s(pid: int) -> float:
    """CPU seconds of a process and its children, with all their threads."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(_spent_s(one) for one in (str(pid), *children))


def _spent_s(pid: str) -> float:
    numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) * _TICK_S
