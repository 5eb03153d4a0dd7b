"""What a site of the demo city records every day, week and month besides readings and disinfection."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date as day
from functools import partial
from typing import Any

from server.actions.forms.fill_form import Written, fill_form, form_to_fill
from server.actions.reference.load_reference import tx_of
from server.actions.sites.assign_site import assign_site
from server.base.db import write
from server.base.runtime import Runtime
from server.demo.incidents import Happening, Scene
from server.demo.office import person, photo
from server.models.site import Site
from server.models.user import User
from server.rules.calendar import add_days, instant_ms, local_date_of

_VENTILATED, _CLEANED = ("dormitory",), ("dormitory", "canteen", "toilet", "bathroom", "rest_room")
_RECEIVED = {"disinfectant": 60, "mask": 600}  # on the first day
_CROWDED = 8  # persons in a room for six
_SUPERVISOR, _SUPERVISED = "demo-jianli", "demo-inspector01"  # whose sites the supervisor walks


def routine(scene: Scene, behaviour: str, first_day: str, days: int) -> Iterator[Happening]:
    """When a site records what. A careless one leaves out every other afternoon, and its dormitories are crowded."""
    is_careless = behaviour == "careless"
    for number in range(days + 1):
        date = add_days(first_day, number)
        yield instant_ms(date, "07:05"), partial(_guard, scene)
        yield instant_ms(date, "09:10"), partial(_morning, scene)
        yield instant_ms(date, "09:15"), partial(_declare, scene, is_careless and number % 2 == 1)
        yield instant_ms(date, "09:25"), partial(_issue, scene)
        if number == 0 or _is_monday(date):
            yield instant_ms(date, "10:05"), partial(_week, scene, is_careless)
            if scene.inspector == _SUPERVISED and not is_careless:
                yield instant_ms(date, "10:40"), partial(_patrol, scene)
        if is_careless and number % 2 == 1:
            continue
        yield instant_ms(date, "13:40"), partial(_ventilate, scene)
        yield instant_ms(date, "16:20"), partial(_evening, scene)
    yield instant_ms(first_day, "07:40"), partial(_take_in, scene)
    yield instant_ms(first_day, "07:45"), partial(_name_people, scene, is_careless)
    yield instant_ms(add_days(first_day, 1), "15:20"), partial(_month, scene, is_careless)


def _is_monday(date: str) -> bool:
    """Whether what is asked by weeks begins on that day: a record of the day before is of another week."""
    return not day.fromisoformat(date).weekday()


def _places(scene: Scene, kinds: tuple[str, ...]) -> list[str]:
    (known,) = scene.tablet.list("site", scene.scope)
    return [place["id"] for place in known.body["places"] if place["kind"] in kinds]


def _at_each(scene: Scene, kinds: tuple[str, ...], kind: str, body: dict[str, Any], *photos: bytes) -> None:
    for place_id in _places(scene, kinds):
        scene.add(kind, {"place_id": place_id, **body}, *photos)


def _guard(scene: Scene) -> None:
    date = local_date_of(scene.clock_ms())
    shift = {"guard": "门卫老周", "persons": 1, "started": f"{date}T06:00:00+08:00"}
    _at_each(scene, ("gate",), "guard_shift", shift)


def _ventilate(scene: Scene) -> None:
    _at_each(scene, _VENTILATED, "ventilation_log", {"started": "09:00", "minutes": 30, "how": "window"})


def _morning(scene: Scene) -> None:
    _guard(scene)
    _ventilate(scene)
    _at_each(scene, _CLEANED, "cleaning_log", {"operator": "保洁班", "waste_removed": "yes"})


def _evening(scene: Scene) -> None:
    _guard(scene)
    _ventilate(scene)


def _photo(scene: Scene, what: str) -> bytes:
    """A picture of its own: one that is used twice would be a signal."""
    return photo(f"{what} {local_date_of(scene.clock_ms())[5:]} {scene.site_id[-4:]}")


def _week(scene: Scene, is_crowded: bool) -> None:
    for place_id in _places(scene, _VENTILATED):
        shown = _photo(scene, f"宿舍 {place_id[-4:]}")
        persons = {"persons": _CROWDED, "why": "新进班组暂住"} if is_crowded else {"persons": 5}
        body = {"m2": 24, "bunks_spaced": "yes", "photo": [scene.hash_of(shown)], **persons}
        scene.add("dormitory_count", {"place_id": place_id, **body}, shown)
    shown = _photo(scene, "南门")
    gate = {"gates_open": 1, "fence_sound": "yes", "locked": "yes", "photo": [scene.hash_of(shown)]}
    scene.add("gate_check", gate, shown)
    scene.add("roster_confirmation", {"is_current": True, "persons": len(scene.workers)})
    _count(scene, "disinfectant", 40)
    _count(scene, "mask", len(scene.workers) if is_crowded else 30 * len(scene.workers))


def _issue(scene: Scene) -> None:
    """What a day takes: a mask for everybody, and some disinfectant."""
    for item, amount in (("mask", len(scene.workers)), ("disinfectant", 1)):
        scene.add("supply_movement", {"item": item, "movement": "issued", "amount": amount})


def _take_in(scene: Scene) -> None:
    for item, amount in _RECEIVED.items():
        scene.add("supply_movement", {"item": item, "movement": "received", "amount": amount})


def _name_people(scene: Scene, is_careless: bool) -> None:
    """Who is responsible, and who reports. At a careless site nobody reports, and the other one's time ends soon."""
    today = local_date_of(scene.clock_ms())
    people = {"leader": ("项目经理 (演示)", "13900000011"), "reporter": ("联络员 (演示)", "13900000012")}
    for role, (name, phone) in people.items():
        if role == "leader" or not is_careless:
            until = add_days(today, 20 if is_careless else 300)
            body = {"duty_role": role, "name": name, "phone": phone, "since": today, "until": until}
            scene.add("responsible_person", body)


def _declare(scene: Scene, is_forgotten: bool) -> None:
    """Where everybody has been: nowhere since the first of the month. Where it is forgotten, one person says so."""
    body = {"none_since": f"{local_date_of(scene.clock_ms())[:8]}01", "contact": "no"}
    with scene.tablet.together():
        for worker in scene.workers[:1] if is_forgotten else scene.workers:
            scene.add("travel_declaration", {"worker": worker, **body})


def _count(scene: Scene, item: str, amount: int) -> None:
    scene.add("supply_movement", {"item": item, "movement": "counted", "amount": amount})


def _patrol(scene: Scene) -> None:
    """The supervisor fills in a round at the console."""
    runtime: Runtime = scene.app.extensions["gongdi"]
    supervisor, now_ms = person(_SUPERVISOR), runtime.clock.now_ms()
    with write() as session:
        user, site = session.get_one(User, supervisor.id), session.get_one(Site, scene.site_id)
        assign_site(session, runtime.seals, user, site, now_ms)
        tx = tx_of(session, runtime.seals, now_ms)
        filled = form_to_fill(tx, supervisor, scene.site_id, "inspection_round")
        fill_form(tx, supervisor, filled, Written({"purpose": "routine", "result": "sound"}))


def _month(scene: Scene, is_careless: bool) -> None:
    year = local_date_of(scene.clock_ms())[:4]
    plan = {"plan": "emergency", "title": "疫情防控应急预案", "plan_version": "1", "approved_by": "项目经理"}
    valid = {"valid_from": f"{year}-01-01", "valid_to": f"{year}-12-31"}
    shown = _photo(scene, "预案批准页")
    scene.add("plan_document", {**plan, **valid, "document": [scene.hash_of(shown)]}, shown)
    if is_careless:
        return
    shown = _photo(scene, "隔离房间")
    rooms = {"rooms": 2, "beds": 4, "free": 4, "workers": len(scene.workers), "photo": [scene.hash_of(shown)]}
    scene.add("isolation_room", rooms, shown)
    began = {"started": f"{local_date_of(scene.clock_ms())}T14:00:00+08:00", "persons": len(scene.workers)}
    shown = _photo(scene, "演练")
    drill = {"topic": "发现发热人员", "minutes": 60, "found": "口罩领取慢", "improved": "门口备口罩", **began}
    scene.add("drill", {**drill, "photo": [scene.hash_of(shown)]}, shown)
    shown = _photo(scene, "培训")
    topic = {"topic": "个人防护和测温", "trainer": "防疫专员", **began, "photo": [scene.hash_of(shown)]}
    scene.add("training", topic, shown)
