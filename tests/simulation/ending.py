"""The end of a run: everything is healed, everybody reports, and the oracle judges what has become of it all."""

from __future__ import annotations

import random
import shutil

from tests.simulation.city import log_in
from tests.simulation.faults import CALM
from tests.simulation.tablets import Clocks, SimTablet
from tests.simulation.truth import HOUR_MS
from tests.simulation.world import World


def settle(world: World) -> None:
    """Everything is healed and everybody reports, one tablet last: the schedulers and the oracle look before that, and
    once more when all is said."""
    world.server.faults.disarm()
    world.hook_fails = False
    world.depth = 1  # nothing happens between any more
    last = world.a_tablet()
    world.pass_time(2 * HOUR_MS)
    for tablet in world.alive():
        if tablet is not last:
            tablet.network.weather, tablet.network.online = CALM, True
            tablet.client.push()
    world.tick()
    world.look()
    last.network.weather, last.network.online = CALM, True
    for tablet in world.tablets:
        tablet.find_row()
    for _ in range(3):
        for tablet in world.alive():
            if not tablet.client.push().problem and tablet.client.status().unsent:
                tablet.client.push()  # what a server put back to its backup had lost
        world.pass_time(60_000)
        if not any(tablet.client.status().unsent for tablet in world.alive()):
            break
    world.tick()
    if world.rng.random() < 0.1:
        world.tick()  # nothing is done twice
    _judge(world)


def _judge(world: World) -> None:
    oracle = world.oracle
    world.look(settled=True)
    for _ in range(2):  # who learns that a site was taken from him reports once more
        arrived = world.pushes
        for tablet in world.alive():
            tablet.client.pull()
        if arrived == world.pushes:
            break
    for tablet in world.alive():
        oracle.held_by(tablet.name, tablet.client)
    home = world.home / "auditor"
    shutil.copytree(world.city.home("auditor"), home)
    clocks = Clocks(world.clock, random.Random(0))
    auditor = SimTablet("auditor", "auditor", home, clocks, world.network("auditor"), f"{world.seed} auditor")
    world.truth.enrolled(world.city.devices["auditor"], "auditor", "auditor")
    try:
        auditor.client.pull()
        oracle.compare(auditor.client)
    finally:
        auditor.close()
    listed = world.ask("admin", "GET", "/api/v1/flags?limit=100").json()["items"]
    some = world.rng.sample(listed, min(2, len(listed)))
    files = [world.ask("admin", "GET", f"/api/v1/flags/{flag['id']}").json() for flag in some]
    oracle.offices(listed, files)
    for words in (("verify-log",), ("rebuild", "--check")):
        code, printed = world.server.command(*words)
        oracle.proved(words[0], code, printed)
    _look_for_photos(world)
    _look_for_signals(world)


def _look_for_photos(world: World) -> None:
    for site, sha256 in sorted(world.truth.photos):
        if world.ask("section", "GET", f"/api/v1/media/{site}/{sha256}").status != 200:
            world.oracle.report("photo_lost", f"{sha256} of site {site}")


def _look_for_signals(world: World) -> None:
    """On the next day, when the schedulers have looked at what came in on this one."""
    sites = world.oracle.suspects()
    if sites:
        world.pass_time((24 * 60 + 10 - world.local_min()) * 60_000)
        world.tick()
    for site in sites:
        cookie = {"Cookie": f"gongdi_session={log_in(world.server, 'section')}"}
        shown = world.server.ask("GET", f"/console/sites/{site}", headers=cookie)
        if "测得过快" not in shown.text:
            world.oracle.report("batch_not_shown", f"site {site}, {shown.status}")
