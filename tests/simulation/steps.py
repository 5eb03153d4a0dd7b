"""What can happen in a run, and how often: most are people at work; what breaks or lies is rarer."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from tests.simulation import machines, offices, people, photos, tampering
from tests.simulation.world import Step, World

LENGTH = 60
WEIGHTS: Mapping[Callable[[World], None], float] = {
    people.log_place: 22,
    people.come_in: 8,
    people.measure: 10,
    people.turn_away: 1,
    people.register: 3,
    people.edit: 3,
    people.open_case: 1,
    people.follow_case: 1,
    people.note_earlier: 2,
    people.note_other: 3,
    people.void: 3,
    people.amend: 3,
    photos.take_photo: 2,
    photos.send_photo: 2,
    machines.push: 9,
    machines.pull: 6,
    machines.sync: 10,
    machines.tick: 4,
    machines.tick_between: 0.5,
    machines.set_clock: 2,
    machines.reboot: 2,
    machines.go_offline: 3,
    machines.change_weather: 3,
    machines.tablet_dies: 2,
    machines.server_fails: 3,
    machines.lose_row: 2,
    machines.go_silent: 1,
    machines.enrol: 1,
    offices.assign: 2,
    offices.hand_over: 1.5,
    offices.disable: 1,
    offices.revoke: 1,
    offices.suspend: 0.5,
    offices.rotate_key: 0.5,
    offices.load_rules: 0.5,
    offices.move_flag: 2,
    offices.upload_roster: 1,
    offices.break_hook: 0.5,
    machines.back_up: 1,
    machines.restore: 0.7,
    people.lie_about_time: 2,
    people.invent: 1,
    tampering.tamper: 1.5,
    machines.copy_device: 0.5,
}
STEPS = {step.__name__: step for step in WEIGHTS}


def plan_of(seed: int, length: int = LENGTH) -> list[Step]:
    """The steps of a seed."""
    rng = random.Random(f"plan {seed}")
    kinds = rng.choices(list(STEPS), list(WEIGHTS.values()), k=length)
    return [Step(number, kind) for number, kind in enumerate(kinds)]


def act(world: World, step: Step) -> None:
    """Do a step."""
    world.trace[0].update(f"{step} {world.clock.at_ms}".encode())
    STEPS[step.kind](world)
    if world.server.faults.disarm():  # what was armed has struck, or did not come to it
        world.trace[0].update(b"struck")
