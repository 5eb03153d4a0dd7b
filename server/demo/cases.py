"""The course of two cases of the demo city: one is reported with receipts, accepted, sampled, isolated, watched but for one
day; another is confirmed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from server.actions.cases.contacts import contacts_of, decide_contact
from server.actions.cases.follow_confirmed import confirm_case
from server.actions.cases.show_case import case_of
from server.actions.reference.edit_rows import NewRow, edit_rows
from server.actions.reference.load_reference import tx_of
from server.base.clock import to_iso
from server.base.db import write
from server.base.runtime import Runtime
from server.base.seal import Seals
from server.demo.incidents import Happening, Scene
from server.demo.office import person, photo
from server.rules.calendar import add_days, instant_ms, local_date_of

_DAYS = 7
_OFFICIAL = "demo-zhian"  # who confirms
_NOT_WATCHED = 2  # of these days, the one on which nobody looked
_LINES = {
    "community": "演示社区值班室 (演示号码)",
    "headquarters": "演示指挥部 (演示号码)",
    "bureau": "演示科室 (演示号码)",
}


def course(scene: Scene, opened_on: str) -> Iterator[Happening]:
    """What is done about a case that was opened on a day in the morning, and when."""
    yield instant_ms(opened_on, "09:20"), partial(_get_receipts, scene)
    yield instant_ms(opened_on, "10:10"), partial(_be_accepted, scene)
    yield instant_ms(opened_on, "10:40"), partial(_sample, scene, 1)
    yield instant_ms(opened_on, "11:00"), partial(_isolate, scene)
    for number in range(_DAYS):
        if number != _NOT_WATCHED:
            yield instant_ms(add_days(opened_on, number), "17:40"), partial(_watch, scene)
    yield instant_ms(add_days(opened_on, 3), "10:20"), partial(_sample, scene, 4)


def demo_lines(seals: Seals, now_ms: int, site_ids: Sequence[str]) -> None:
    """Whom to report to at these sites: invented numbers, which say so."""
    rows = [
        {
            **{"code": f"demo-{number}-{part}", "name": name, "part": part, "site": site_id},
            **{"dial": f"0373-000000{number}", "source": "演示号码, 不要拨打", "mark": "P"},
            **{"from": local_date_of(now_ms), "to": None},
        }
        for number, site_id in enumerate(site_ids)
        for part, name in _LINES.items()
    ]
    with write() as session:
        edit_rows(tx_of(session, seals, now_ms), [NewRow("report_lines", row) for row in rows])


def _get_receipts(scene: Scene) -> None:
    for part, who in (("community", "社区王主任"), ("headquarters", "值班员"), ("bureau", "质安科值班")):
        body = {"reported_to": part, "reported": to_iso(scene.clock_ms()), "taken_by": who}
        paper = photo(f"回执 {part}")
        _add(scene, "case_report", {**body, "photo": [scene.hash_of(paper)]}, paper)


def _be_accepted(scene: Scene) -> None:
    body = {"community": "演示社区", "name": "网格员小赵", "phone": "13900000000"}
    _add(scene, "community_acceptance", {**body, "accepted": to_iso(scene.clock_ms())})


def _sample(scene: Scene, day: int, result: str = "negative") -> None:
    now = to_iso(scene.clock_ms())
    body = {"day": day, "sampled": now, "site_of_test": "演示社区采样点", "result": result}
    _add(scene, "nucleic_test", {**body, "reported": now})


def _isolate(scene: Scene) -> None:
    since = local_date_of(scene.clock_ms())
    until = add_days(since, _DAYS - 1)
    where = {"mode": "home", "where_kept": "隔离室 1", "since": since, "until": until, "days": _DAYS}
    paper = photo("隔离告知")
    more = {"rule": "MEDIUM_2022", "ordered_by": "演示社区", "photo": [scene.hash_of(paper)]}
    _add(scene, "isolation_order", {**where, **more}, paper)


def _watch(scene: Scene) -> None:
    body = {"half": "evening", "celsius": 36.6, "symptoms": ["none"], "stayed": "yes"}
    _add(scene, "health_watch", body)


def _add(scene: Scene, kind: str, body: dict[str, Any], *photos: bytes) -> None:
    for case in scene.cases[:1]:
        scene.add(kind, {"case": case, **body}, *photos)


def confirmed(scene: Scene, opened_on: str) -> Iterator[Happening]:
    """The course of a case that turns out to be one: confirmed (确诊), taken to hospital, and a contact has a case too."""
    yield instant_ms(opened_on, "08:15"), partial(_open_case, scene)
    yield instant_ms(opened_on, "08:50"), partial(_get_receipts, scene)
    yield instant_ms(opened_on, "09:30"), partial(_be_accepted, scene)
    yield instant_ms(opened_on, "09:50"), partial(_isolate, scene)
    yield instant_ms(opened_on, "14:20"), partial(_sample, scene, 1, "positive")
    yield instant_ms(opened_on, "16:10"), partial(_decide_and_confirm, scene)
    yield instant_ms(opened_on, "16:50"), partial(_hand_over, scene)


def _open_case(scene: Scene) -> None:
    now = to_iso(scene.clock_ms())
    reported = dict.fromkeys((f"{part}_reported" for part in _LINES), now)
    body = {"worker": scene.workers[1], "cause": "symptom", "note": "咽痛、乏力, 邻县返回", **reported}
    scene.cases.append(scene.add("case", {**body, "isolated": now, "isolation_place": "隔离室 1"}))


def _decide_and_confirm(scene: Scene) -> None:
    """At a desk: who slept in the same room is a contact, and the hospital's report confirms the case."""
    runtime: Runtime = scene.app.extensions["gongdi"]
    official = person(_OFFICIAL)
    with write() as session:
        tx = tx_of(session, runtime.seals, scene.clock_ms())
        _, one = case_of(tx, official, scene.site_id, scene.cases[0])
        proposed = contacts_of(tx, one)
        decide_contact(
            tx, official, one, proposed[0].worker, "accepted", "同班组, 前一日同桌吃饭, 已查监控。"
        )
        decide_contact(tx, official, one, proposed[1].worker, "rejected", "当日请假, 未到工地。")
    with write() as session:
        tx = tx_of(session, runtime.seals, scene.clock_ms())
        _, one = case_of(tx, official, scene.site_id, scene.cases[0])
        confirm_case(tx, official, one, "市疾控中心核酸检测报告 (演示)")


def _hand_over(scene: Scene) -> None:
    moved = {"hospital": "市传染病医院 (演示)", "handed_to": "120 急救 (演示)"}
    _add(scene, "hospital_transfer", {**moved, "transferred": to_iso(scene.clock_ms())})
