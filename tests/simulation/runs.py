"""Runs by seed: one, many, replayed, shrunk; and the words that a person gets of a failure."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tests.simulation.shrinking import shrink
from tests.simulation.simulator import Simulator
from tests.simulation.steps import act, plan_of
from tests.simulation.world import Step


@dataclass(frozen=True)
class Ended:
    """How a run ended. `problems`: (code, words); `fingerprint` is of everything that the server answered."""

    seed: int
    steps: tuple[Step, ...]
    problems: tuple[tuple[str, str], ...]
    fingerprint: str


def run(simulator: Simulator, seed: int, steps: Sequence[Step] | None = None) -> Ended:
    """One run: of the seed's own plan, or of these steps."""
    plan = plan_of(seed) if steps is None else list(steps)
    try:
        world = simulator.run(seed, plan, act)
    except Exception as error:  # a run that cannot go on is a failure like any other
        return Ended(seed, tuple(plan), (("crashed", f"{type(error).__name__}: {error}"),), "")
    return Ended(seed, tuple(plan), tuple(world.oracle.problems), world.fingerprint)


def read_steps(text: str) -> list[Step]:
    """The steps of `3:push,7:tick`: what a plan was, whatever the seed's would be now."""
    pairs = (item.split(":") for item in text.split(",") if item)
    return [Step(int(number), kind) for number, kind in pairs]


def shrunk(simulator: Simulator, ended: Ended, tries: int = 200) -> Ended:
    """The same failure with as few steps as were found."""
    code = ended.problems[0][0]

    def fails(plan: Sequence[Step]) -> bool:
        found = run(simulator, ended.seed, plan)
        return bool(found.problems) and found.problems[0][0] == code

    return run(simulator, ended.seed, shrink(ended.steps, fails, tries))


def seeds_from(name: str) -> Iterator[int]:
    """Fresh seeds for ever, another row of them for another name."""
    number = 0
    while True:
        yield int.from_bytes(hashlib.sha256(f"{name} {number}".encode()).digest()[:6], "big")
        number += 1


def within(
    seeds: Iterable[int], count: int, seconds: float, now_s: Callable[[], float] = time.monotonic
) -> Iterator[int]:
    """The first so many of the seeds; with a `count` of 0 as many as there is time for: the last begins before so many
    seconds have passed since the first did."""
    began_s = now_s()
    for number, seed in enumerate(seeds):
        if number >= count if count else now_s() - began_s > seconds:
            return
        yield seed


def in_words(ended: Ended) -> str:
    """What went wrong, and how to see it again."""
    found = "\n".join(f"  {code}: {words}" for code, words in ended.problems[:5])
    steps = ",".join(f"{step.number}:{step.kind}" for step in ended.steps)
    return f"seed {ended.seed}, {len(ended.steps)} steps:\n{found}\n  ./run simulate --replay {ended.seed} --steps {steps}"
