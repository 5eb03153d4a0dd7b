"""The course of the first case of the demo city: reported with receipts, accepted, sampled, isolated, watched but for one
day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from server.actions.reference.edit_rows import NewRow, edit_rows
from server.actions.reference.load_reference import tx_of
from server.base.clock import to_iso
from server.base.db import write
from server.base.seal import Seals
from server.demo.incidents import Happening, Scene
from server.demo.office import photo
from server.rules.calendar import add_days, instant_ms, local_date_of

_DAYS = 7
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


def _sample(scene: Scene, day: int) -> None:
    now = to_iso(scene.clock_ms())
    body = {"day": day, "sampled": now, "site_of_test": "演示社区采样点", "result": "negative"}
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
