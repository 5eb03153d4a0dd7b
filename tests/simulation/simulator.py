"""Makes runs, one after the other, in one process: everything is put back to the city's first day for each."""

from __future__ import annotations

import gc
import hashlib
import logging
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import urllib3

from tests.engines import share_engines
from tests.simulation.city import City, WorldClock, found
from tests.simulation.determinism import Chance
from tests.simulation.ending import settle
from tests.simulation.faults import mortal_tablets
from tests.simulation.server_side import ServerSide, import_product
from tests.simulation.world import Step, World


@dataclass
class Simulator:
    """Makes runs, one after the other, in one process."""

    city: City
    chance: Chance
    folder: Path
    trace: list[Any] = field(default_factory=lambda: [hashlib.sha256()])

    def run(self, seed: int, plan: list[Step], act: Callable[[World, Step], None]) -> World:
        """The world after the plan, judged."""
        self.trace[0] = hashlib.sha256()
        home = self.folder / "run"
        for kept in (home, *(self.folder / "server" / "media").glob("*")):
            shutil.rmtree(kept, ignore_errors=True)
        self.chance.reseed(f"run {seed}")
        self.city.clock.at_ms = self.city.ready_ms
        self.city.server.database.restore(self.city.snapshot)
        self.city.server.forget()
        self.city.server.current = 0
        world = World(seed, self.city, home, self.trace)
        try:
            with patch.object(urllib3.HTTPConnectionPool, "urlopen", world.posted):
                for step in plan:
                    world.rng = random.Random(f"{seed} {step.number}")
                    world.pass_some_time()
                    act(world, step)
                    if world.oracle.problems:
                        break
                else:
                    world.rng = random.Random(f"{seed} end")
                    settle(world)
        finally:
            self.city.server.faults.disarm()
            for tablet in world.tablets:
                tablet.close()
        return world


@contextmanager
def simulator(database_url: str = "sqlite://") -> Iterator[Simulator]:
    """A city, ready for any number of runs."""
    import_product()
    share_engines()  # as the suite does: rows without an order come in the same one wherever a seed runs
    clock = WorldClock()
    trace: list[Any] = [hashlib.sha256()]
    chance = Chance(clock.now_ms)
    shared = Path("/dev/shm")  # in memory where the machine has that
    with ExitStack() as stack:
        where = str(shared) if shared.is_dir() else None
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="simulation-", dir=where)))
        stack.callback(logging.disable, logging.root.manager.disable)
        logging.disable(logging.CRITICAL)  # faults are meant
        stack.callback(gc.set_threshold, *gc.get_threshold())
        gc.set_threshold(100_000, 50, 100)  # as the commands do
        stack.enter_context(chance.installed())
        stack.enter_context(mortal_tablets())
        stack.enter_context(patch.object(time, "sleep", lambda _: None))  # nobody else waits for the database
        server = ServerSide(
            folder / "server", clock, database_url, lambda text: trace[0].update(text.encode())
        )
        stack.callback(server.database.close)
        city = found(server, clock, folder, chance.reseed)
        yield Simulator(city, chance, folder, trace)
