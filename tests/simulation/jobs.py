"""Work shared out to processes: what each of them yields comes here as it is ready."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import wait
from typing import Any

Share = Callable[[int], Iterator[Any]]


def in_processes(jobs: int, share: Share) -> Iterator[Any]:
    """What `share(0)` … `share(jobs - 1)` yield, in the order in which it comes. One job stays in this process. Raises
    RuntimeError when a process ends before its share is done."""
    if jobs == 1:
        yield from share(0)
        return
    context = get_context("fork")
    working = {}
    for job in range(jobs):
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(there, share, job))
        process.start()
        there.close()
        working[here] = process
    yield from _gathered(working)


def _work(pipe: Any, share: Share, job: int) -> None:
    for value in share(job):
        pipe.send((value,))
    pipe.send(())


def _gathered(working: dict[Any, Any]) -> Iterator[Any]:
    """From each pipe what its process sends, until it says that this was all."""
    while working:
        ready: list[Any] = wait(list(working))
        for pipe in ready:
            try:
                message = pipe.recv()
            except EOFError as error:
                raise RuntimeError("a process ended before its share was done") from error
            if message:
                yield message[0]
            else:
                working.pop(pipe).join()
