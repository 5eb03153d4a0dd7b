"""Names for codes that reference data knows: districts, units, duties, kinds of places, trades, steps of escalation; and of
the places of a site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.book import FormBook
from server.actions.reference.load_reference import rules_in_force
from server.models.camera import cameras_of
from server.models.place import places_of
from server.models.reference import Reference
from server.rules.flags.moves import MOVES, RECHECK_KEPT
from server.rules.flags.rechecks import KEPT_FOR
from server.rules.flags.words import OWN_NAMES

_PLACES_SHOWN = 4
NOUNS = (
    "districts",
    "units",
    "site_kinds",
    "duties",
    "place_kinds",
    "trades",
    "escalation",
    "device_classes",
)
CASE_STEPS = "case_steps"
SITE_WORDS = "site_words"  # what a site of each kind is called
_EVENTS = {
    "opened": "开立",
    "paper_signed": "签发文书",
    "paper_served": "送达文书",
    "paper_voided": "作废文书",
    "windows_added": "新增时段",
    "withdrawn": "系统撤回",
    "hastened": "督办提前",
    "resumed": "期限重新起算",
    RECHECK_KEPT: "平板上的复查已留存, 没有改变状态",
    "evidence_arrived": "判定之后补到记录, 待复核",
    "chain_forked": "设备记录链分叉",
    "signal_found": "从进出场记录发现",
    "platform_silent": "监控平台没有上报, 不能认定它的摄像机离线",
    "travel_hit": "有人到过风险地区, 已立案",
    "case_unreported": "健康异常个案尚未报备",
    "case_overdue": "健康异常个案超过时限报备",
    "case_step_warned": "个案的这一步快到时限",
    "case_step_overdue": "个案的这一步超过时限",
    "case_evidence_arrived": "时限之后补到个案的记录, 待复核",
    "channel_failed": "通知渠道发送失败",
    "expiring": "一份文件将在 30 日内到期, 请修订、审批并上报新的",
    "device_dormant": "一台平板长期未报清手中的记录, 地点不再等它; 请打开它同步, 不再使用的请注销",
    "device_clock": "一台平板的时间连续多日不可信; 请校准或更换",
    "leader_unknown": "一个标记该报责任领导了, 但没有叫这个姓名的账号",
    "person_request_due": "一件个人信息请求快到答复期限 (个人信息请求)",
    "person_request_late": "一件个人信息请求超过答复期限 (个人信息请求)",
    "left_with_case": "登记退场的人里有未结的健康个案; 个案照常办理, 请核实他们的去向",
    "proposed": "一项提议等第二人批准 (管理, 提议和批准)",
    "code_burned": "一个平板注册码被多次输错, 已经作废; 请核实是谁在试, 再发新码",
}
_REASONS = {  # by an event's action and its detail's `reason`
    "withdrawn": {
        "heard_again": "已恢复联系, 各时段另行判定",
        "platform_heard": "监控平台恢复上报",
        "nothing_wrong": "补到的记录表明没有问题",
        "reported_in_time": "个案已在时限内报备",
        "done_in_time": "个案的这一步已在时限内完成, 或不再要求",
    },
    "hastened": {
        "consecutive": "连续时段缺失",
        "overdue": "整改或复查逾期",
        "refused": "复查再次不通过",
        "fever_unreported": "健康异常个案超过时限报备",
    },
    "resumed": {"pause": "系统停止运行期间没有提醒, 从恢复时起算"},
    RECHECK_KEPT: KEPT_FOR,
}


@dataclass(frozen=True, slots=True)
class Names:
    """Names by noun (a file of seed_data/, `steps`, or `places` by their ids) and code; and the kinds of records, which have
    titles and words."""

    known: Mapping[str, Mapping[str, str]]
    kinds: FormBook

    def of(self, noun: str, code: str) -> str:
        """The name, or the code itself where nobody named it."""
        return self.known.get(noun, {}).get(code, code)

    def place(self, kind: str, place_id: str | None = None) -> str:
        """A place by its name, with its kind where the name does not say it; without an id all places of the kind, or the
        whole site."""
        word = self.of("place_kinds", kind) if kind else "不分场所"
        name = self.known.get("places", {}).get(place_id or "", "")
        return (name if word in name else f"{word} {name}") if name else word

    def site_word(self, kind: str) -> str:
        """What a site of this kind is called where it alone is spoken of (公园): by its kind."""
        return self.known.get(SITE_WORDS, {}).get(kind, "地点")

    def slot(self, code: str) -> str:
        """The camera of which a window is; empty for a window of another sort."""
        return self.known.get("cameras", {}).get(code, "")

    def kind(self, name: str) -> str:
        """The title of a kind of records, or its name where it is not known."""
        known = self.kinds.get(name)
        return known.title if known is not None else name

    def places(self, named: Sequence[tuple[str, str | None]]) -> str:
        """Several places in a line, the first few by name."""
        some = "、".join(self.place(kind, place_id) for kind, place_id in named[:_PLACES_SHOWN])
        return f"{some}等 {len(named)} 处" if len(named) > _PLACES_SHOWN else some

    def event(self, action: str, reason: str = "") -> str:
        """What happened to a flag: a person's move, a step that fell due, or what the system did and why (the
        `reason` of the event's detail)."""
        if action in MOVES:
            return MOVES[action].name
        if action.startswith("step_"):
            return f"{self.of('steps', action.removeprefix('step_'))} (到期)"
        if action.startswith("remind_"):
            return f"{self.of('steps', action.removeprefix('remind_'))} (逾期未办, 再次提醒)"
        detail = _REASONS.get(action, {}).get(reason, "")
        return _EVENTS.get(action, action) + (f": {detail}" if detail else "")

    def all(self, noun: str) -> list[tuple[str, str]]:
        """(code, name) in the order of codes: what a filter offers."""
        return sorted(self.known.get(noun, {}).items())


def read_names(session: Session, *site_ids: str) -> Names:
    """Every name; of rows with several dates, the latest one. With sites those of their places and cameras,
    too."""
    query = (
        sa.select(Reference.noun, Reference.code, Reference.data)
        .where(Reference.noun.in_((*NOUNS, CASE_STEPS)))
        .order_by(Reference.valid_from)
    )
    known: dict[str, dict[str, str]] = {noun: dict(names) for noun, names in OWN_NAMES.items()}
    for noun, code, data in session.execute(query):
        if noun == CASE_STEPS:  # their flags have the codes of steps
            known["duties"].setdefault(code, str(data["name"]))
            continue
        known.setdefault(noun, {})[code] = str(data.get("name") or code)
        if noun == "site_kinds":
            known.setdefault(SITE_WORDS, {})[code] = str(data.get("word") or known[noun][code])
        for step in data.get("steps", []):
            known.setdefault("steps", {})[step["code"]] = str(step.get("name") or step["code"])
    if site_ids:
        places = places_of(session, site_ids).values()
        known["places"] = {place.id: place.name for some in places for place in some}
        cameras = cameras_of(session, site_ids).values()
        known["cameras"] = {camera.code: camera.name for some in cameras for camera in some}
    return Names(known, rules_in_force(session).kinds)
