"""Several processes of one web server: Python runs on one core a process."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from tempfile import TemporaryDirectory

from prometheus_client import values

from server.base.config import Config

FIGURES_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_AGAIN_S = 1.0  # before a process that ended is started again: one that can't work must not take a core
_END_S = 10.0  # for the requests that are being answered when the server is to stop
_STOPPING = (signal.SIGTERM, signal.SIGINT)
_log = logging.getLogger("gongdi.processes")
_fork = get_context("fork")  # what the parent has loaded is there, and shared


def web_processes(config: Config) -> int:
    """How many processes are to serve."""
    if config.processes:
        return config.processes
    return 1 if config.database_url.startswith("sqlite") else len(os.sched_getaffinity(0))


@contextmanager
def shared_figures() -> Iterator[None]:
    """Apps that are made within it count into files, so that /metrics of each process has the work of all."""
    before = values.ValueClass
    with TemporaryDirectory(prefix="gongdi-figures-") as folder:
        os.environ[FIGURES_FOLDER] = folder  # the library has looked for it already, when it was imported
        values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
        try:
            yield
        finally:
            values.ValueClass = before
            del os.environ[FIGURES_FOLDER]


def run_processes(count: int, work: Callable[[], None]) -> None:
    """Run `work` in so many processes, each started again when it ends by itself. When this process is to stop
    (SystemExit, KeyboardInterrupt), they stop first. When it is killed, they end at once."""
    running: list[BaseProcess] = []
    try:
        for _ in range(count):
            _start(work, running)
        while True:
            wait([process.sentinel for process in running])
            ended = [process for process in running if not process.is_alive()]
            for process in ended:
                _log.error("a web process ended by itself", extra={"exit_code": process.exitcode})
            time.sleep(_AGAIN_S)
            running = [process for process in running if process not in ended]
            for _ in ended:
                _start(work, running)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.join(_END_S)
            process.kill()


def _start(work: Callable[[], None], running: list[BaseProcess]) -> None:
    """Start another process. Signals to stop wait meanwhile: what a handler raises while a process is forked is lost, and
    the server would never stop."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
    try:
        process = _fork.Process(target=_run, args=(work,))
        process.start()
        running.append(process)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _run(work: Callable[[], None]) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
    threading.Thread(target=_follow_parent, daemon=True).start()
    work()


def _follow_parent() -> None:
    """Nobody would end or replace this process any more, and it would keep the port."""
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
