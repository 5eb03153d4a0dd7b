"""Machines: tablets that exchange, fail, are copied and come new; schedulers; a server that dies, and is restored."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from sync_protocol.client.reports import TabletError
from tests.simulation.city import enrol_code
from tests.simulation.faults import CALM, STORM
from tests.simulation.server_side import HOST
from tests.simulation.tablets import Clocks, SimTablet
from tests.simulation.world import SKEWS_MS, World

WORKING_MIN = range(360, 1200)  # minutes after midnight in which a place can be disinfected in time
DEADLINES_MIN = (750, 1230)  # and at which it is too late


def push(world: World) -> None:
    world.a_tablet().client.push()


def pull(world: World) -> None:
    world.a_tablet().client.pull(world.rng.choice((6_000, 40_000, 1_000_000, 1_000_000, 1_000_000)))


def sync(world: World) -> None:
    world.a_tablet().client.sync()


def tick(world: World) -> None:
    world.tick()
    if world.rng.random() < 0.05:
        world.look()


def tick_between(world: World) -> None:
    """Somebody else works between two transactions of a scheduler: another one, or a tablet."""
    tablet = world.a_tablet()
    other: Callable[[], Any] = world.rng.choice((world.tick, tablet.client.push))
    world.server.faults.between(world.rng.randrange(1, 20), other)
    world.depth += 1
    try:
        world.tick()
    finally:
        world.depth -= 1
        world.server.faults.between(0, None)


def set_clock(world: World) -> None:
    tablet = world.a_tablet()
    tablet.clocks.set(world.clock.at_ms + world.rng.choice(SKEWS_MS))
    _note_move(world, tablet)


def _note_move(world: World, tablet: SimTablet) -> None:
    """A wall clock that was moved twice unseen says nothing of what was written meanwhile."""
    if not tablet.clocks.counts_boots and tablet.clocks.moves >= 2:
        for entry in world.truth.entries.values():
            if entry.tablet == tablet.name and entry.id not in world.truth.acks:
                entry.unsure = True


def reboot(world: World) -> None:
    tablet = world.a_tablet()
    tablet.clocks.reboot(battery_dead=world.rng.random() < 0.4)
    _note_move(world, tablet)
    tablet.open()


def go_offline(world: World) -> None:
    tablet = world.a_tablet()
    tablet.network.online = not tablet.network.online


def change_weather(world: World) -> None:
    world.a_tablet().network.weather = world.rng.choice((CALM, STORM, STORM))


def tablet_dies(world: World) -> None:
    tablet = world.a_tablet()
    work = world.rng.choice((tablet.client.sync, tablet.client.push, tablet.client.pull))
    world.dying(tablet, world.rng.randrange(1, 40), work)


def server_fails(world: World) -> None:
    """The server dies, loses its database or has no disk left, at some statement of a push, a pull or a tick."""
    tablet = world.a_tablet()
    world.server.faults.arm(world.rng.choice(("death", "cut", "full")), world.rng.randrange(1, 30))
    work: Callable[[], Any] = world.rng.choice(
        (tablet.client.push, tablet.client.push, tablet.client.pull, world.tick)
    )
    work()


def go_silent(world: World) -> None:
    """One tablet is not heard of until a deadline has passed. It may have pulled and never pushed; its user may lose the
    site meanwhile. All others report, and the schedulers look: what it holds must not be called missed."""
    tablet = world.a_tablet()
    if world.local_min() not in WORKING_MIN:
        world.pass_time(world.until_min(WORKING_MIN[0] + world.rng.randrange(60)))
    if not world.sites_on(tablet) or world.rng.random() < 0.3:
        tablet.client.pull()
    online, tablet.network.online = tablet.network.online, False
    written = world.log_place(tablet)
    if written is not None and world.rng.random() < 0.5:
        world.take_site(tablet.user, written.site)
    deadline = next(minute for minute in DEADLINES_MIN if minute > world.local_min())
    world.pass_time(world.until_min(deadline) + world.rng.randrange(60_000, 30 * 60_000))
    for other in world.alive():
        if other is not tablet:
            other.client.push()
    world.tick()
    world.look()
    tablet.network.online = online


def lose_row(world: World) -> None:
    """A tablet's file loses sight of a line for a while: a hole in its stream, which comes back with the next one."""
    tablet = world.a_tablet()
    if tablet.hidden:
        tablet.find_row()
    else:
        tablet.lose_row()
        if tablet.hidden:
            tablet.client.push()  # what follows it goes up


def enrol(world: World) -> None:
    """One more tablet for an inspector."""
    user = world.rng.choice(("insp1", "insp2", "insp3"))
    number = len(world.tablets) + 1
    if number > 6:
        return
    try:
        code = enrol_code(world.server, user)
    except AssertionError:  # the user is disabled
        return
    clocks = Clocks(world.clock, random.Random(f"{world.seed} clocks {number}"))
    clocks.skew_ms = world.rng.choice(SKEWS_MS)
    tablet = world.add_tablet(f"t{number}", user, world.home / f"t{number}", clocks)
    try:
        device = tablet.client.enrol(HOST, code, tablet.name, "simulated")
    except TabletError:
        tablet.lost = True
        return
    world.own(tablet, device)
    if world.rng.random() < 0.7:
        tablet.client.pull()


def copy_device(world: World) -> None:
    """A tablet's file is copied to another machine, and both go on."""
    tablet = world.a_tablet()
    if len(world.tablets) > 5 or not tablet.device:
        return
    name = f"{tablet.name}-copy{len(world.tablets)}"
    world.tablets.append(tablet.copy_of(name, world.home / name, world.network(name)))
    world.truth.copied(tablet.device)


def back_up(world: World) -> None:
    world.backup = (world.server.database.save(), world.clock.at_ms)


def restore(world: World) -> None:
    """The server is put back to its backup, and the command for that is given."""
    if world.backup is None:
        back_up(world)
        return
    kept, of_ms = world.backup
    world.server.database.restore(kept)
    world.truth.restore(of_ms)
    world.oracle.restored()
    world.command("db", "restored", "--yes")
    for tablet in world.tablets:
        if world.truth.unknown_since(tablet.device, of_ms):
            tablet.lost = True
