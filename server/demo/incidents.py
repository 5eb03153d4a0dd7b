"""What happens in the demo in addition to the daily round: a fever, a case nobody reported, an inspection with findings,
supplies, a photo used twice, two people who write different things, and entries that are refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flask import Flask

from server.base.clock import to_iso
from server.base.runtime import Runtime
from server.demo.office import person, photo
from server.rules.calendar import add_days, instant_ms
from server.workflows.receive_media import keep_photo
from sync_protocol.client.tablet import Tablet

_FEVER = {"celsius": 37.6, "point": "gate"}
_FAR_DEG = 0.05  # some five kilometres: nobody inspects a site from there
Happening = tuple[int, Callable[[], None]]


@dataclass(frozen=True, slots=True)
class Scene:
    """One site as an inspector's tablet sees it; `position` in degrees (WGS 84)."""

    app: Flask
    inspector: str
    tablet: Tablet
    site_id: str
    position: tuple[float, float]
    workers: list[str] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)  # those that were opened, the first one first

    @property
    def scope(self) -> str:
        return f"site:{self.site_id}"

    def clock_ms(self) -> int:
        runtime: Runtime = self.app.extensions["gongdi"]
        return runtime.clock.now_ms()

    @staticmethod
    def hash_of(data: bytes) -> str:
        """How an entry names a photo."""
        return hashlib.sha256(data).hexdigest()

    def places(self) -> list[dict[str, Any]]:
        """The site's places, as the tablet knows them."""
        (known,) = self.tablet.list("site", self.scope)
        return list(known.body["places"])

    def add(self, kind: str, body: dict[str, Any], *photos: bytes, observed_ms: int | None = None) -> str:
        """An entry, its photos announced in it and uploaded. `observed_ms`: when it was done, if that was earlier (补录)."""
        runtime: Runtime = self.app.extensions["gongdi"]
        for data in photos:
            viewer = person(self.inspector)
            keep_photo(runtime.media, viewer, self.site_id, data, runtime.clock.now_ms())
        media = [{"sha256": self.hash_of(data), "bytes": len(data), "type": "image/jpeg"} for data in photos]
        return self.tablet.add(self.scope, kind, body, media=media, observed_ms=observed_ms)


def incidents(scenes: Sequence[Scene], relief: Tablet, first_day: str, days: int) -> Iterator[Happening]:
    """What happens when, at the first sites; `relief` is a second tablet of the first."""
    own = scenes[0]
    yield instant_ms(first_day, "07:30"), partial(_take_in_supplies, own)
    yield instant_ms(add_days(first_day, 1), "09:05"), partial(_report_a_fever, own)
    yield instant_ms(add_days(first_day, 1), "10:30"), partial(_inspect, own)
    yield instant_ms(add_days(first_day, 1), "14:30"), partial(_write_differently, own, relief)
    yield instant_ms(add_days(first_day, 2), "09:10"), partial(_write_wrongly, own)
    yield instant_ms(add_days(first_day, 2), "15:10"), partial(_issue_supplies, own)
    for number in range(min(days, 2) + 1):
        if len(scenes) > 3:
            yield instant_ms(add_days(first_day, number), "14:10"), partial(_use_a_photo_again, scenes[3])
    if len(scenes) > 3:
        yield instant_ms(add_days(first_day, 1), "10:50"), partial(_inspect_from_afar, scenes[3])
        yield instant_ms(add_days(first_day, 2), "08:20"), partial(_keep_a_case_quiet, scenes[3])
        yield instant_ms(add_days(first_day, 1), "07:45"), partial(_find_a_fever, scenes[3])
        yield instant_ms(add_days(first_day, 1), "10:40"), partial(_find_a_fever, scenes[2])
        yield instant_ms(add_days(first_day, 1), "12:30"), partial(_note_the_retest, scenes[2], first_day)
    if len(scenes) > 8:
        yield instant_ms(add_days(first_day, 1), "07:50"), partial(_measure_a_fever, scenes[8], 37.9)


def _take_in_supplies(scene: Scene) -> None:
    scene.add(
        "supply_movement",
        {"item": "disinfectant", "movement": "received", "amount": 50, "concentration_mg_l": 50_000},
    )
    scene.add("supply_movement", {"item": "mask", "movement": "received", "amount": 500})
    scene.add("supply_movement", {"item": "mask", "movement": "issued", "amount": 180})


def _issue_supplies(scene: Scene) -> None:
    scene.add(
        "supply_movement",
        {"item": "disinfectant", "movement": "issued", "amount": 12, "concentration_mg_l": 50_000},
    )
    scene.add("supply_movement", {"item": "mask", "movement": "counted", "amount": 305, "note": "少 15 只"})


def _measure_a_fever(scene: Scene, celsius: float) -> None:
    """Measured, and measured again."""
    for slot, reading in (("before_work", celsius), ("retest", celsius - 0.1), ("retest", celsius)):
        body = {"worker": scene.workers[1], "celsius": round(reading, 1), "slot": slot, "point": "gate"}
        scene.add("temperature_check", body)


def find_a_fever_at_night(scene: Scene, date: str) -> Iterator[Happening]:
    """The last that is heard of a site."""
    yield instant_ms(date, "21:05"), partial(_find_a_fever, scene, "after_work")


def _find_a_fever(scene: Scene, slot: str = "before_work") -> None:
    """Measured once, and not again; at least, nobody wrote it down."""
    scene.add("temperature_check", {**_FEVER, "worker": scene.workers[1], "slot": slot})


def _note_the_retest(scene: Scene, first_day: str) -> None:
    """From a sheet of paper, two hours later."""
    observed_ms = instant_ms(add_days(first_day, 1), "10:55")
    body = {**_FEVER, "worker": scene.workers[1], "celsius": 37.0, "slot": "retest"}
    scene.add("temperature_check", body, observed_ms=observed_ms)


def _report_a_fever(scene: Scene) -> None:
    _measure_a_fever(scene, 37.8)
    runtime: Runtime = scene.app.extensions["gongdi"]
    now_ms = runtime.clock.now_ms()
    reported = {
        name: to_iso(now_ms) for name in ("community_reported", "headquarters_reported", "bureau_reported")
    }
    where = {"isolated": to_iso(now_ms), "isolation_place": "隔离室 1"}
    body = {"worker": scene.workers[1], "cause": "fever", "celsius": 37.8, **where, **reported}
    scene.cases.append(scene.add("case", body))


def _keep_a_case_quiet(scene: Scene) -> None:
    scene.add("case", {"worker": scene.workers[2], "cause": "symptom", "note": "咳嗽、乏力"})


def _inspect(scene: Scene) -> None:
    latitude, longitude = scene.position
    there = {"latitude_deg": latitude, "longitude_deg": longitude, "accuracy_m": 20}
    outcome = {"purpose": "routine", "result": "findings", "companion": "项目安全员"}
    inspection = scene.add("inspection_round", {**outcome, **there})
    found = {"round": inspection, "topic": "canteen", "severity": "ordinary", "place": "canteen"}
    scene.add("inspection_finding", {**found, "description": "食堂窗口未设置一米线。"}, photo("食堂窗口"))
    found = {"round": inspection, "topic": "supplies", "severity": "facilities"}
    scene.add("inspection_finding", {**found, "description": "口罩储备不足 7 日用量。"})


def _inspect_from_afar(scene: Scene) -> None:
    latitude, longitude = scene.position
    there = {"latitude_deg": latitude + _FAR_DEG, "longitude_deg": longitude, "accuracy_m": 30}
    scene.add("inspection_round", {"purpose": "routine", "result": "sound", **there})


def _use_a_photo_again(scene: Scene) -> None:
    body = {"place": "canteen", "place_name": "工人食堂", "agent": "chlorine", "operator": "保洁班"}
    scene.add("disinfection_log", body, photo("食堂消毒"))


def _write_differently(scene: Scene, relief: Tablet) -> None:
    """Neither knows of the other: a person has to choose."""
    scene.tablet.edit(scene.scope, scene.workers[3], {"name": "马志强"})
    relief.edit(scene.scope, scene.workers[3], {"name": "马志刚"})


def _write_wrongly(scene: Scene) -> None:
    """A temperature without its decimal point, and a place that does not exist."""
    body = {"worker": scene.workers[0], "celsius": 365, "slot": "before_work", "point": "gate"}
    scene.add("temperature_check", body)
    scene.add("disinfection_log", {"place": "kitchen", "agent": "chlorine", "operator": "保洁班"})
