"""What a site of the demo city records every day, week and month besides readings and disinfection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


def daily(scene: Scene, behaviour: str, first_day: str, days: int) -> Iterator[Happening]:
    """When a site records what, day by day. A careless one leaves out every other afternoon, and cleaning; a late one has
    the day's last work written down after it was due."""
    yield instant_ms(first_day, "07:40"), partial(_take_in, scene)
    is_late = behaviour == "late"
    for number in range(days + 1):
        date = add_days(first_day, number)
        is_forgotten = behaviour == "careless" and number % 2 == 1
        yield instant_ms(date, "07:05"), partial(_guard, scene)
        yield instant_ms(date, "09:25"), partial(_issue, scene)
        if is_late:
            yield instant_ms(date, "09:10"), partial(ventilate, scene)
            yield instant_ms(date, "13:40"), partial(ventilate, scene)
            yield instant_ms(date, "15:45"), partial(_guard, scene)
            yield instant_ms(date, "16:20"), partial(_guard, scene)
            yield instant_ms(date, "20:14"), partial(_catch_up, scene)
            continue
        yield instant_ms(date, "09:10"), partial(_morning, scene, is_forgotten)
        yield instant_ms(date, "09:15"), partial(declare, scene, is_forgotten)
        if is_forgotten:
            continue
        yield instant_ms(date, "13:40"), partial(ventilate, scene)
        yield instant_ms(date, "16:20"), partial(_evening, scene)


def weekly(scene: Scene, behaviour: str, dates: Sequence[str]) -> Iterator[Happening]:
    """What is asked by the week, on these days. A careless site's dormitories are crowded."""
    is_careless = behaviour == "careless"
    for date in dates:
        yield instant_ms(date, "10:05"), partial(hold_week, scene, is_careless)
        if not is_careless:
            yield instant_ms(date, "10:40"), partial(patrol, scene)


def once(scene: Scene, behaviour: str, first_day: str) -> Iterator[Happening]:
    """Who is responsible and what is planned; at a site that is not careless, what is asked by the month."""
    is_careless = behaviour == "careless"
    yield instant_ms(first_day, "07:45"), partial(_name_people, scene, is_careless)
    yield instant_ms(add_days(first_day, 1), "15:20"), partial(_plan, scene)
    if not is_careless:
        yield instant_ms(add_days(first_day, 1), "15:25"), partial(_set_money_aside, scene)
        yield instant_ms(add_days(first_day, 1), "15:30"), partial(hold_month, scene)
        yield instant_ms(add_days(first_day, 1), "15:35"), partial(drill, scene)


def is_monday(date: str) -> bool:
    """Whether what is asked by weeks begins on that day: a record of the day before is of another week."""
    return not day.fromisoformat(date).weekday()


def ventilate(scene: Scene) -> None:
    _at_each(scene, _VENTILATED, "ventilation_log", {"started": "09:00", "minutes": 30, "how": "window"})


def clean_and_air(scene: Scene) -> None:
    ventilate(scene)
    _at_each(scene, _CLEANED, "cleaning_log", {"operator": "保洁班", "waste_removed": "yes"})


def hold_week(scene: Scene, is_crowded: bool, observed_ms: int | None = None) -> None:
    """Dormitories, gate, roster and stock are looked at."""
    for place_id in _places(scene, _VENTILATED):
        shown = _photo(scene, f"宿舍 {place_id[-4:]}")
        persons = {"persons": _CROWDED, "why": "新进班组暂住"} if is_crowded else {"persons": 5}
        body = {"m2": 24, "bunks_spaced": "yes", "photo": [scene.hash_of(shown)], **persons}
        scene.add("dormitory_count", {"place_id": place_id, **body}, shown, observed_ms=observed_ms)
    shown = _photo(scene, "南门")
    gate = {"gates_open": 1, "fence_sound": "yes", "locked": "yes", "photo": [scene.hash_of(shown)]}
    scene.add("gate_check", gate, shown, observed_ms=observed_ms)
    confirmed = {"is_current": True, "persons": len(scene.workers)}
    scene.add("roster_confirmation", confirmed, observed_ms=observed_ms)
    _count(scene, "disinfectant", 40, observed_ms)
    _count(scene, "mask", len(scene.workers) if is_crowded else 30 * len(scene.workers), observed_ms)


def hold_month(scene: Scene, observed_ms: int | None = None) -> None:
    """Rooms for isolation, specialists and training are looked after."""
    shown = _photo(scene, "隔离房间")
    rooms = {"rooms": 2, "beds": 4, "free": 4, "workers": len(scene.workers), "photo": [scene.hash_of(shown)]}
    scene.add("isolation_room", rooms, shown, observed_ms=observed_ms)
    team = {"specialists": 1, "workers": len(scene.workers), "tasks": "测温 1 人, 消毒由保洁班"}
    scene.add("prevention_team", team, observed_ms=observed_ms)
    shown = _photo(scene, "培训")
    topic = {"topic": "个人防护和测温", "trainer": "防疫专员", "photo": [scene.hash_of(shown)]}
    scene.add("training", {**topic, **_began(scene, observed_ms)}, shown, observed_ms=observed_ms)


def drill(scene: Scene, observed_ms: int | None = None) -> None:
    shown = _photo(scene, "演练")
    body = {"topic": "发现发热人员", "minutes": 60, "found": "口罩领取慢", "improved": "门口备口罩"}
    body |= {**_began(scene, observed_ms), "photo": [scene.hash_of(shown)]}
    scene.add("drill", body, shown, observed_ms=observed_ms)


def documents(scene: Scene) -> None:
    """The plan, the money, and who is responsible."""
    _plan(scene)
    _set_money_aside(scene)
    _name_people(scene, False)


def use_up(scene: Scene) -> None:
    """What a week takes while only the manager is there; it is replaced."""
    for item, amount in (("mask", 7), ("disinfectant", 2)):
        for movement in ("received", "issued"):
            scene.add("supply_movement", {"item": item, "movement": movement, "amount": amount})


def look_by_video(scene: Scene, observed_ms: int | None = None) -> None:
    shown = _photo(scene, "视频截图")
    for place_id in _places(scene, _VENTILATED)[:1]:
        seen = {"camera": "大门枪机", "online": "yes", "seen": ["good"], "photo": [scene.hash_of(shown)]}
        scene.add("camera_check", {"place_id": place_id, **seen}, shown, observed_ms=observed_ms)


def patrol(scene: Scene, observed_ms: int | None = None) -> None:
    """The supervisor fills in a round at the console, of the sites that are the supervisor's."""
    if scene.inspector != _SUPERVISED:
        return
    runtime: Runtime = scene.app.extensions["gongdi"]
    supervisor, now_ms = person(_SUPERVISOR), runtime.clock.now_ms()
    with write() as session:
        user, site = session.get_one(User, supervisor.id), session.get_one(Site, scene.site_id)
        assign_site(session, runtime.seals, user, site, now_ms)
        tx = tx_of(session, runtime.seals, now_ms)
        filled = form_to_fill(tx, supervisor, scene.site_id, "inspection_round")
        written = Written({"purpose": "routine", "result": "sound"}, observed_ms=observed_ms)
        fill_form(tx, supervisor, filled, written)


def _began(scene: Scene, observed_ms: int | None) -> dict[str, Any]:
    date = local_date_of(scene.clock_ms() if observed_ms is None else observed_ms)
    return {"started": f"{date}T14:00:00+08:00", "persons": len(scene.workers)}


def _places(scene: Scene, kinds: tuple[str, ...]) -> list[str]:
    return [place["id"] for place in scene.places() if place["kind"] in kinds]


def _at_each(scene: Scene, kinds: tuple[str, ...], kind: str, body: dict[str, Any]) -> None:
    for place_id in _places(scene, kinds):
        scene.add(kind, {"place_id": place_id, **body})


def _guard(scene: Scene) -> None:
    date = local_date_of(scene.clock_ms())
    shift = {"guard": "门卫老周", "persons": 1, "started": f"{date}T06:00:00+08:00"}
    _at_each(scene, ("gate",), "guard_shift", shift)


def _morning(scene: Scene, is_forgotten: bool) -> None:
    _guard(scene)
    if is_forgotten:
        ventilate(scene)
    else:
        clean_and_air(scene)


def _evening(scene: Scene) -> None:
    _guard(scene)
    ventilate(scene)


def _catch_up(scene: Scene) -> None:
    """What was due at eight."""
    clean_and_air(scene)
    declare(scene)


def _photo(scene: Scene, what: str) -> bytes:
    """A picture of its own: one that is used twice would be a signal."""
    return photo(f"{what} {local_date_of(scene.clock_ms())[5:]} {scene.site_id[-4:]}")


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


def declare(scene: Scene, is_forgotten: bool = False) -> None:
    """Where everybody has been: nowhere since the first of the month. Where it is forgotten, one person says so."""
    body = {"none_since": f"{local_date_of(scene.clock_ms())[:8]}01", "contact": "no"}
    with scene.tablet.together():
        for worker in scene.workers[:1] if is_forgotten else scene.workers:
            scene.add("travel_declaration", {"worker": worker, **body})


def _count(scene: Scene, item: str, amount: int, observed_ms: int | None) -> None:
    body = {"item": item, "movement": "counted", "amount": amount}
    scene.add("supply_movement", body, observed_ms=observed_ms)


def _plan(scene: Scene) -> None:
    since = local_date_of(scene.clock_ms())
    plan = {"plan": "emergency", "title": "疫情防控应急预案", "plan_version": "1", "approved_by": "项目经理"}
    valid = {"valid_from": since, "valid_to": add_days(since, 365)}
    shown = _photo(scene, "预案批准页")
    scene.add("plan_document", {**plan, **valid, "document": [scene.hash_of(shown)]}, shown)


def _set_money_aside(scene: Scene) -> None:
    since = local_date_of(scene.clock_ms())
    shown = _photo(scene, "防疫资金批准页")
    money = {"amount": 50_000, "purpose": "口罩、消毒液、隔离房间、核酸检测", "approved_by": "公司总经理"}
    valid = {"valid_from": since, "valid_to": add_days(since, 365), "document": [scene.hash_of(shown)]}
    scene.add("fund_arrangement", {**money, **valid}, shown)
