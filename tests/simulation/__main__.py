"""`./run simulate`: runs by seed until one goes wrong or the time is over; a run again; the power of the oracle."""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from collections.abc import Iterator
from functools import partial

from tests.simulation import planted
from tests.simulation.jobs import in_processes
from tests.simulation.runs import Ended, in_words, read_steps, run, seeds_from, shrunk, within
from tests.simulation.simulator import Simulator, simulator
from tests.simulation.steps import plan_of


def main() -> int:
    asked = _asked()
    if not asked.planted and asked.replay is None:
        return _many(asked)
    with simulator(asked.database) as city:
        if asked.planted:
            return planted.print_table(city, asked.seeds or 2_000, asked.first or 1, asked.only)
        return _replay(city, asked.replay, asked.steps)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run simulate", description=__doc__)
    parser.add_argument(
        "--seeds", type=int, default=0, help="how many runs (with --planted: at most, for each fault)"
    )
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="for how long, where --seeds says nothing"
    )
    parser.add_argument("--first", type=int, help="count seeds up from this one; otherwise they are fresh")
    parser.add_argument(
        "--jobs", type=int, default=1, help="in so many processes, each with a city of its own"
    )
    parser.add_argument("--database", default="sqlite://", help="postgresql://USER@HOST/NAME, an empty one")
    parser.add_argument("--replay", type=int, metavar="SEED", help="one run again, step by step")
    parser.add_argument("--steps", help="only these steps of it, as a failure names them: 3:push,7:tick")
    parser.add_argument(
        "--tries", type=int, default=200, help="at most, to make a failing run smaller; 0: none"
    )
    parser.add_argument(
        "--planted", action="store_true", help="plant each known fault, and count the seeds to find it"
    )
    parser.add_argument("--only", help="only the planted faults whose name holds this")
    asked = parser.parse_args()
    if asked.jobs > 1 and not asked.database.startswith("sqlite"):
        parser.error("one database cannot hold the cities of several processes")
    return asked


def _replay(city: Simulator, seed: int, steps: str | None) -> int:
    plan = plan_of(seed) if steps is None else read_steps(steps)
    for step in plan:
        print(f"{step.number:3} {step.kind}")
    ended = run(city, seed, plan)
    print(in_words(ended) if ended.problems else f"nothing is wrong, {ended.fingerprint}")
    return 1 if ended.problems else 0


def _many(asked: argparse.Namespace) -> int:
    name, began_s = f"{time.time_ns()}", time.monotonic()
    done, failed, spent_s = 0, 0, 0.0
    for words, cpu_s in in_processes(asked.jobs, partial(_share, asked, name)):
        done, failed, spent_s = done + 1, failed + bool(words), spent_s + cpu_s
        if words:
            print(words, flush=True)
        if done % 100 == 0:
            print(f"{done} seeds, {failed} failed", flush=True)
    took_s, speed = time.monotonic() - began_s, done / max(spent_s, 0.001)
    print(f"{done} seeds, {failed} failed, {took_s:.0f} s, {speed:.2f} a second of processor")
    return 1 if failed else 0


def _share(asked: argparse.Namespace, name: str, job: int) -> Iterator[tuple[str, float]]:
    """What one process plays of it: for each run what went wrong, and the seconds of processor that it took."""
    seeds = seeds_from(name) if asked.first is None else itertools.count(asked.first)
    mine = itertools.islice(seeds, job, None, asked.jobs)
    count = len(range(job, asked.seeds, asked.jobs))
    if asked.seeds and not count:
        return
    with simulator(asked.database) as city:
        for seed in within(mine, count, asked.seconds):
            began_s = time.process_time()
            ended = run(city, seed)
            cpu_s = time.process_time() - began_s
            yield _failure(city, ended, asked.tries) if ended.problems else "", cpu_s


def _failure(city: Simulator, ended: Ended, tries: int) -> str:
    smaller = f"\nmade smaller, {in_words(shrunk(city, ended, tries))}" if tries else ""
    return in_words(ended) + smaller


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is chance too
        os.execve(
            sys.executable,
            [sys.executable, "-m", "tests.simulation", *sys.argv[1:]],
            {**os.environ, "PYTHONHASHSEED": "0"},
        )
    sys.exit(main())
