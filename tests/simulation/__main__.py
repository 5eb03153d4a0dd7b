"""`./run simulate`: runs by seed until one goes wrong or the time is over; a run again; the power of the oracle."""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time

from tests.simulation import planted
from tests.simulation.runs import Ended, in_words, read_steps, run, seeds_from, shrunk
from tests.simulation.simulator import Simulator, simulator
from tests.simulation.steps import plan_of


def main() -> int:
    asked = _asked()
    with simulator(asked.database) as city:
        if asked.planted:
            return planted.print_table(city, asked.seeds or 2_000, asked.first or 1, asked.only)
        if asked.replay is not None:
            return _replay(city, asked.replay, asked.steps)
        return _many(city, asked)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run simulate", description=__doc__)
    parser.add_argument(
        "--seeds", type=int, default=0, help="how many runs (with --planted: at most, for each fault)"
    )
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="for how long, where --seeds says nothing"
    )
    parser.add_argument("--first", type=int, help="count seeds up from this one; otherwise they are fresh")
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
    return parser.parse_args()


def _replay(city: Simulator, seed: int, steps: str | None) -> int:
    plan = plan_of(seed) if steps is None else read_steps(steps)
    for step in plan:
        print(f"{step.number:3} {step.kind}")
    ended = run(city, seed, plan)
    print(in_words(ended) if ended.problems else f"nothing is wrong, {ended.fingerprint}")
    return 1 if ended.problems else 0


def _many(city: Simulator, asked: argparse.Namespace) -> int:
    count = asked.seeds
    seeds = seeds_from(f"{time.time_ns()}") if asked.first is None else itertools.count(asked.first)
    began_s, cpu_s, done, failed = time.monotonic(), time.process_time(), 0, 0
    for seed in seeds:
        if done >= count if count else time.monotonic() - began_s > asked.seconds:
            break
        ended = run(city, seed)
        done += 1
        if ended.problems:
            failed += 1
            _print_failure(city, ended, asked.tries)
        if done % 100 == 0:
            print(f"{done} seeds, {failed} failed", flush=True)
    took_s, spent_s = time.monotonic() - began_s, time.process_time() - cpu_s
    print(
        f"{done} seeds, {failed} failed, {took_s:.0f} s, {done / max(spent_s, 0.001):.2f} a second of processor"
    )
    return 1 if failed else 0


def _print_failure(city: Simulator, ended: Ended, tries: int) -> None:
    print(in_words(ended), flush=True)
    if tries:
        print(f"made smaller, {in_words(shrunk(city, ended, tries))}", flush=True)


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is chance too
        os.execve(
            sys.executable,
            [sys.executable, "-m", "tests.simulation", *sys.argv[1:]],
            {**os.environ, "PYTHONHASHSEED": "0"},
        )
    sys.exit(main())
