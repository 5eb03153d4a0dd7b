"""What passes the gate of a demo site besides its workers in the morning: they go home, visitors and vehicles come, and
somebody is turned away. At a careless site somebody who has left goes on coming in. Everywhere somebody new arrives, with a
test or, at a careless site, without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from server.demo.incidents import Happening, Scene
from server.rules.calendar import add_days, instant_ms, local_date_of
from sync_protocol.client.tablet import Tablet

_VISITORS = 3
_HOT = 37.6  # °C
_NEWCOMER, _AMONG = "魏新来", 4  # whom incidents name by number come before, the canteen's staff last


def at_gate(scene: Scene, behaviour: str, first_day: str, days: int) -> Iterator[Happening]:
    """When who passes. Only sites whose tablet reports in as it should write what is more than the daily round."""
    if behaviour == "silent":
        return
    if behaviour == "careless":
        yield instant_ms(add_days(first_day, 1), "05:50"), partial(_leaves, scene, add_days(first_day, -1))
    yield instant_ms(add_days(first_day, 1), "07:20"), partial(_arrives, scene, behaviour != "careless")
    if behaviour != "steady":
        return
    for number in range(days + 1):
        date = add_days(first_day, number)
        yield instant_ms(date, "07:10"), partial(_delivery, scene, "in")
        yield instant_ms(date, "07:50"), partial(_delivery, scene, "out")
        yield instant_ms(date, "09:40"), partial(_visit, scene, "in")
        yield instant_ms(date, "10:05"), partial(_turn_away, scene)
        yield instant_ms(date, "11:10"), partial(_visit, scene, "out")
        yield instant_ms(date, "18:10"), partial(_go_home, scene)


def come_in(tablet: Tablet, scope: str, workers: Sequence[str], behaviour: str) -> None:
    """Everybody, in the morning; at a careless site every fourth without a mask."""
    with tablet.together():
        for number, worker in enumerate(workers):
            mask_worn = behaviour != "careless" or number % 4 > 0
            seen = {"direction": "in", "method": "face", "mask_worn": mask_worn}
            tablet.add(scope, "gate_pass", {"worker": worker, **seen})


def _leaves(scene: Scene, day: str) -> None:
    scene.tablet.edit(scene.scope, scene.workers[-2], {"exited_on": day})


def _arrives(scene: Scene, is_tested: bool) -> None:
    """Somebody new comes in for the first time."""
    (like,) = [
        known.body for known in scene.tablet.list("worker", scene.scope) if known.id == scene.workers[0]
    ]
    today = local_date_of(scene.clock_ms())
    named = {
        "name": _NEWCOMER,
        "certificate_type": "passport",
        "certificate_number": f"E{scene.site_id[:8].upper()}",
    }
    at_work = {name: like[name] for name in ("company", "team", "trade", "role", "contract")}
    worker = scene.tablet.add(scene.scope, "worker", {**named, **at_work, "entered_on": today})
    if is_tested:
        sampled = f"{add_days(today, -1)}T15:30:00+08:00"
        test = {"worker": worker, "sampled": sampled, "site_of_test": "演示医院", "result": "negative"}
        scene.add("entry_test", test)
    scene.add(
        "gate_pass",
        {"worker": worker, "direction": "in", "method": "manual", "celsius": 36.4, "mask_worn": True},
    )
    measured = {"worker": worker, "celsius": 36.4, "slot": "before_work", "point": "gate"}
    scene.add("temperature_check", measured)
    scene.workers.insert(_AMONG, worker)


def _delivery(scene: Scene, direction: str) -> None:
    inside = {"disinfected": "yes", "celsius": 36.5, "refused": "no"} if direction == "in" else {}
    scene.add("vehicle_pass", {"direction": direction, "plate": "豫G12345", "goods": "钢筋", **inside})


def _visit(scene: Scene, direction: str) -> None:
    seen = {"mask_worn": "yes", "health_code": "green", "refused": "no"} if direction == "in" else {}
    scene.add("visitor_pass", {"direction": direction, "counting": "counted", "persons": _VISITORS, **seen})


def _turn_away(scene: Scene) -> None:
    who = {"direction": "in", "counting": "named", "name": "来访人", "phone": "13800001111"}
    seen = {"celsius": _HOT, "mask_worn": "yes", "health_code": "green"}
    scene.add("visitor_pass", {**who, **seen, "refused": "yes", "refused_for": ["fever"]})


def _go_home(scene: Scene) -> None:
    with scene.tablet.together():
        for worker in scene.workers:
            scene.add("gate_pass", {"worker": worker, "direction": "out", "method": "face"})
