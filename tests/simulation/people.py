"""People at work: what inspectors write on their tablets, honest ones and others."""

from __future__ import annotations

from typing import Any

from tests.simulation.city import person
from tests.simulation.tablets import SimTablet
from tests.simulation.truth import HOUR_MS, Batch, Written
from tests.simulation.world import World


def log_place(world: World) -> None:
    world.log_place(world.a_tablet())


def _site_and_workers(world: World, tablet: SimTablet) -> tuple[str, list[str]]:
    """A site that the tablet holds, and the records of the people that it knows there."""
    sites = world.sites_on(tablet)
    if not sites:
        return "", []
    site = world.rng.choice(sites)
    known = [item.id for item in tablet.client.list("worker", f"site:{site}") if not item.body.get("voided")]
    return site, [record for record in known if record in world.truth.people]


def _slot(world: World) -> str:
    minute = world.local_min()
    return "before_work" if minute < 600 else "after_work" if minute >= 960 else "meal"


def _reading(world: World, tablet: SimTablet, site: str, worker: str, **true: Any) -> Written | None:
    slot, celsius = true.pop("slot", _slot(world)), true.pop("celsius", 36.0 + world.rng.randrange(10) / 10)
    body = {"worker": worker, "celsius": celsius, "slot": slot, "point": "gate"}
    observed_ms = true.get("observed_ms")
    add = lambda: tablet.client.add(f"site:{site}", "temperature_check", body, observed_ms=observed_ms)  # noqa: E731
    return world.write(tablet, add, site=site, kind="temperature_check", body=body, **true)


def _gate_pass(world: World, tablet: SimTablet, site: str, worker: str, direction: str) -> None:
    body = {"worker": worker, "direction": direction, "method": "manual", "health_code": "green"}
    add = lambda: tablet.client.add(f"site:{site}", "gate_pass", body)  # noqa: E731
    world.write(tablet, add, site=site, kind="gate_pass", body=body)


def come_in(world: World) -> None:
    tablet = world.a_tablet()
    site, workers = _site_and_workers(world, tablet)
    for worker in workers[: world.rng.randrange(1, 4)]:
        _gate_pass(world, tablet, site, worker, world.rng.choice(("in", "in", "in", "out")))


def measure(world: World) -> None:
    """Some, or everybody that the tablet knows."""
    tablet = world.a_tablet()
    site, workers = _site_and_workers(world, tablet)
    count = len(workers) if world.rng.random() < 0.7 else world.rng.randrange(1, 3)
    for worker in workers[:count]:
        _reading(world, tablet, site, worker)


def turn_away(world: World) -> None:
    """Somebody comes with a fever, is measured at the gate and goes home."""
    tablet = world.a_tablet()
    site, workers = _site_and_workers(world, tablet)
    if workers:
        worker = world.rng.choice(workers)
        _reading(world, tablet, site, worker, slot="entry", celsius=38.0)
        _gate_pass(world, tablet, site, worker, "out")


def register(world: World) -> None:
    """A new person, or one whom another tablet has written down as well."""
    tablet = world.a_tablet()
    sites = world.sites_on(tablet)
    if not sites:
        return
    site = world.rng.choice(sites)
    if world.rng.random() < 0.7:
        world.people += 1
    body = person(world.people - 1)
    add = lambda: tablet.client.add(f"site:{site}", "worker", body)  # noqa: E731
    world.write(tablet, add, site=site, kind="worker", body=body)


def edit(world: World) -> None:
    tablet = world.a_tablet()
    site, workers = _site_and_workers(world, tablet)
    if workers:
        worker = world.rng.choice(workers)
        body = {"team": world.rng.choice(("木工班", "架子班", "砼班"))}
        change = lambda: tablet.client.edit(f"site:{site}", worker, body)  # noqa: E731
        world.write(
            tablet, change, site=site, kind="worker", act="edit", record=worker, target=worker, body=body
        )


def open_case(world: World) -> None:
    tablet = world.a_tablet()
    site, workers = _site_and_workers(world, tablet)
    if workers:
        body = {"worker": world.rng.choice(workers), "cause": "symptom"}
        add = lambda: tablet.client.add(f"site:{site}", "case", body)  # noqa: E731
        world.write(tablet, add, site=site, kind="case", body=body)


def follow_case(world: World) -> None:
    """What became of a case."""
    tablet = world.a_tablet()
    cases = tablet.client.list("case")
    if cases:
        case, body = world.rng.choice(cases), {"isolation_place": world.rng.choice(("隔离室 1", "隔离室 2"))}
        change = lambda: tablet.client.edit(case.scope, case.id, body)  # noqa: E731
        about = {"kind": "case", "act": "edit", "record": case.id, "target": case.id}
        world.write(tablet, change, site=case.scope[5:], body=body, **about)


def note_earlier(world: World) -> None:
    """What was first written on paper: a place, or a crew's readings of some hours ago."""
    tablet = world.a_tablet()
    observed_ms = world.clock.at_ms - world.rng.randrange(HOUR_MS // 2, 14 * HOUR_MS)
    if world.rng.random() < 0.6:
        world.log_place(tablet, observed_ms=observed_ms)
        return
    site, workers = _site_and_workers(world, tablet)
    slot = "before_work" if world.local_min(observed_ms) < 600 else "after_work"
    for worker in workers:
        _reading(world, tablet, site, worker, slot=slot, observed_ms=observed_ms)


def note_other(world: World) -> None:
    """A fact that no duty asks for, sometimes one that the server must refuse."""
    tablet = world.a_tablet()
    sites = world.sites_on(tablet)
    if not sites:
        return
    site = world.rng.choice(sites)
    rounds = [item.id for item in tablet.client.list("inspection_round", f"site:{site}")]
    finding = {"topic": "ventilation", "severity": "ordinary", "place": "canteen", "description": "门窗紧闭"}
    kind, body, valid = world.rng.choice((
        ("supply_movement", {"item": "mask", "movement": "received", "amount": 100}, True),
        ("supply_movement", {"item": "disinfectant", "movement": "issued", "amount": 1}, True),
        ("supply_movement", {"item": "mask", "movement": "stolen", "amount": 100}, False),
        ("inspection_round", {"purpose": "routine", "result": "sound"}, True),
        ("inspection_finding", {**finding, "round": world.rng.choice(rounds)} if rounds else finding, bool(rounds)),
    ))  # fmt: skip
    add = lambda: tablet.client.add(f"site:{site}", kind, body)  # noqa: E731
    world.write(tablet, add, site=site, kind=kind, body=body, valid=valid)


def _own_log(world: World) -> tuple[SimTablet, Any] | None:
    """A tablet and a disinfection that it can see and nobody has undone."""
    tablet = world.a_tablet()
    undone = {entry.target for entry in world.truth.entries.values() if entry.act in ("amend", "void")}
    shown = [
        item
        for item in tablet.client.list("disinfection_log")
        if item.id in world.truth.entries and item.id not in undone and not item.body.get("voided")
    ]
    return (tablet, world.rng.choice(shown)) if shown else None


def void(world: World) -> None:
    found = _own_log(world)
    if found:
        tablet, item = found
        undo = lambda: tablet.client.void(item.scope, item.id, "写错了")  # noqa: E731
        world.write(
            tablet,
            undo,
            site=item.scope[5:],
            kind=item.kind,
            act="void",
            record=item.id,
            target=item.id,
            body={},
        )


def amend(world: World) -> None:
    found = _own_log(world)
    if found:
        tablet, item = found
        body = {"place": item.body["place"], "agent": "alcohol", "operator": "王师傅"}
        again = lambda: tablet.client.amend(item.scope, item.id, body)  # noqa: E731
        world.write(
            tablet, again, site=item.scope[5:], kind=item.kind, act="amend", target=item.id, body=body
        )


def lie_about_time(world: World) -> None:
    """Somebody sets the clock to when it should have been done, or will have to be, writes, and sets it back."""
    tablet = world.a_tablet()
    clocks, lie_ms = tablet.clocks, world.rng.choice((-6, -3, 3, 6)) * HOUR_MS
    forged = world.rng.random() < 0.4
    clocks.skew_ms += lie_ms
    clocks.lie_ms += lie_ms if forged else 0
    world.log_place(tablet, honest=False, forged=forged, look=True)
    clocks.skew_ms -= lie_ms
    clocks.lie_ms -= lie_ms if forged else 0


def invent(world: World) -> None:
    """Readings of a whole crew, made up in one moment."""
    tablet = world.a_tablet()
    site, workers = _site_and_workers(world, tablet)
    made = [
        _reading(world, tablet, site, world.rng.choice(workers), honest=False, look=True)
        for _ in range(12 if workers else 0)
    ]
    if made and tablet.clocks.counts_boots:
        world.truth.batches.append(Batch(site, tuple(entry.id for entry in made if entry is not None)))
