"""The registry of kinds, and the validation of their bodies: the authority that the compiled reader must agree with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from marshmallow import ValidationError

from schemas.assignment import AssignmentBody
from schemas.case import CaseBody
from schemas.disinfection_log import DisinfectionLogBody
from schemas.duty import DutyBody
from schemas.fields import Body, Errors
from schemas.flag import FlagBody
from schemas.gate_pass import GatePassBody
from schemas.inspection_finding import InspectionFindingBody
from schemas.inspection_round import InspectionRoundBody
from schemas.json_schema import document
from schemas.privacy import OPEN, undeclared
from schemas.site import SiteBody
from schemas.supply_movement import SupplyMovementBody
from schemas.temperature_check import TemperatureCheckBody
from schemas.window import WindowBody
from schemas.worker import WorkerBody
from schemas.worker_merge import WorkerMergeBody

Nature = Literal["fact", "register", "server"]
MergeRule = Literal["latest", "keep"]

_ACTS: Mapping[Nature, tuple[str, ...]] = {
    "fact": ("add", "amend", "void"),
    "register": ("add", "edit", "void"),
    "server": (),
}
# What the server knows of any record and adds to a body; the last ones mark what became of it.
_SERVER_ONLY = frozenset(
    ("id", "rev", "seq", "state", "at", "by", "device", "backfilled")
    + ("amends", "amended_by", "voided", "void", "contested", "contested_values", "merged_into")
)
_ERRORS_MAX = 50  # a body of a hundred thousand unknown fields must not become an answer of that size
_NAME_SHOWN_MAX = 40


@dataclass(frozen=True)
class Kind:
    """One kind of record. Raises TypeError for fields whose privacy nobody decided (see schemas/privacy.py).

    `sealed`: lines and bodies hold identity or health data and are encrypted at rest. `merge_rules`: for each field of a
    register, who wins when two people changed it. `subject_field`, `slot_field`: what duties are judged by. `own`: only
    the server writes such entries, for a person at the console.
    """

    name: str
    title: str
    nature: Nature
    schema: type[Body]
    sealed: bool = False
    merge_rules: Mapping[str, MergeRule] = field(default_factory=dict)
    server_only: frozenset[str] = _SERVER_ONLY
    subject_field: str | None = None
    slot_field: str | None = None
    own: bool = False
    whole: Body = field(init=False, repr=False)
    partial: Body = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "whole", self.schema())
        object.__setattr__(self, "partial", self.schema(partial=True))
        unsaid = undeclared(self.fields, self.schema.privacy, self.sealed)
        masked = [name for name, policy in self.schema.privacy.items() if policy != OPEN]
        if unsaid or (masked and self.nature != "register"):  # a fact is served as it was written
            raise TypeError(f"{self.name}: fields without a usable privacy policy: {unsaid or masked}")

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the body's fields, in the order of the wire contract."""
        return tuple(self.whole.fields)

    @property
    def acts(self) -> tuple[str, ...]:
        """What a device may do with such records."""
        return _ACTS[self.nature]


def _rules(schema: type[Body], keep: tuple[str, ...]) -> Mapping[str, MergeRule]:
    rules: dict[str, MergeRule] = {name: "keep" if name in keep else "latest" for name in schema().fields}
    return MappingProxyType(rules)


def _served_only(schema: type[Body]) -> frozenset[str]:
    """The names under which the server serves what it masked or digested."""
    names = {name for policy in schema.privacy.values() for name in (policy.served_as, policy.digest_as)}
    return frozenset(name for name in names if name)


_ALL = (
    Kind(
        "worker",
        "人员",
        "register",
        WorkerBody,
        sealed=True,
        # Who somebody is must not change because a later clock said so: a person decides.
        merge_rules=_rules(WorkerBody, keep=("name", "certificate_type", "certificate_number")),
        server_only=_SERVER_ONLY | _served_only(WorkerBody),
    ),
    Kind(
        *("temperature_check", "测温记录", "fact", TemperatureCheckBody),
        sealed=True,
        subject_field="worker",
        slot_field="slot",
    ),
    Kind("disinfection_log", "消毒记录", "fact", DisinfectionLogBody, subject_field="place"),
    Kind(
        *("gate_pass", "出入记录", "fact", GatePassBody),
        sealed=True,
        subject_field="worker",
        slot_field="direction",
    ),
    Kind(
        *("case", "健康异常个案", "register", CaseBody),
        sealed=True,
        merge_rules=_rules(CaseBody, keep=("worker", "cause")),
    ),
    Kind("inspection_round", "巡查", "fact", InspectionRoundBody, sealed=True),  # says where somebody was
    Kind("inspection_finding", "巡查发现的问题", "fact", InspectionFindingBody, subject_field="round"),
    Kind(
        "supply_movement",
        "物资出入库",
        "fact",
        SupplyMovementBody,
        subject_field="item",
        slot_field="movement",
    ),
    Kind(
        *("worker_merge", "人员合并", "fact", WorkerMergeBody),
        sealed=True,  # the reason may name somebody
        subject_field="other",
        own=True,
    ),
    Kind("site", "工地", "server", SiteBody),
    Kind("assignment", "分派", "server", AssignmentBody),
    Kind("duty", "职责", "server", DutyBody),
    Kind("window", "时段", "server", WindowBody),
    Kind("flag", "标记", "server", FlagBody),
)
KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _ALL})


def json_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of one kind's whole body. Raises KeyError for a name that is no kind."""
    return document(KINDS[kind].title, KINDS[kind].whole)


def all_json_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of every kind, by its name."""
    return {name: json_schema(name) for name in KINDS}


def validate_body(kind: str, act: str, body: Any) -> tuple[dict[str, Any] | None, str | None, Errors]:
    """Judge the body of a pushed entry: (clean body, None, {}) or (None, code, {JSON pointer: [message]}).

    `add` and `amend` need the whole body, `edit` a part of it that is not empty, `void` none. An optional field may be
    null: in an edit that empties it, and stays in the clean body; elsewhere it says the same as its absence, and goes.
    Codes: unknown_kind, kind_not_allowed, bad_act, server_owned, body_invalid. Pointers are relative to the entry.
    Values are never converted nor repeated in a message.
    """
    known = KINDS.get(kind)
    if known is None:
        return None, "unknown_kind", {"/kind": ["没有这种记录, 请升级应用后重试。"]}
    if known.nature == "server":
        return None, "kind_not_allowed", {"/kind": ["这种记录由服务器维护, 不能上报。"]}
    if act not in known.acts:
        return None, "bad_act", {"/act": [f"这种记录只能用 {', '.join(known.acts)}。"]}
    if act == "void":
        return _judge_void(body)
    if not isinstance(body, Mapping):
        return None, "body_invalid", {"/body": ["正文应为一个 JSON 对象。"]}
    if act == "edit" and not body:
        return None, "body_invalid", {"/body": ["没有修改任何一项, 请写出修改的项。"]}
    code, errors = _judge_fields(known, body, known.partial if act == "edit" else known.whole)
    if code is not None:
        return None, code, errors
    if act == "edit":
        return dict(body), None, {}
    return {name: value for name, value in body.items() if value is not None}, None, {}


def _judge_void(body: Any) -> tuple[dict[str, Any] | None, str | None, Errors]:
    if body is None or body == {}:
        return {}, None, {}
    return None, "body_invalid", {"/body": ["作废不需要正文, 请去掉。"]}


def _judge_fields(known: Kind, body: Mapping[str, Any], schema: Body) -> tuple[str | None, Errors]:
    unknown = sorted(str(name) for name in body if name not in schema.fields)
    owned = [name for name in unknown if name in known.server_only]
    errors = {_pointer(name): ["没有这一项, 请去掉。"] for name in unknown[:_ERRORS_MAX]}
    errors.update({_pointer(name): ["这一项只能由服务器填写, 请去掉。"] for name in owned})
    try:
        schema.load({name: value for name, value in body.items() if name in schema.fields})
    except ValidationError as error:
        errors.update(_flatten(error.messages, "/body"))
    if not errors:
        return None, {}
    return "server_owned" if owned else "body_invalid", errors


def _flatten(messages: Any, pointer: str) -> Iterator[tuple[str, list[str]]]:
    if isinstance(messages, Mapping):
        for name, below in messages.items():
            yield from _flatten(below, f"{pointer}/{_escaped(str(name))}")
    else:
        yield pointer, list(dict.fromkeys(messages))


def _pointer(name: str) -> str:
    return f"/body/{_escaped(name)}"


def _escaped(name: str) -> str:
    """A name as a step of a JSON pointer (RFC 6901): shortened, and fit for UTF-8 whatever was sent."""
    shown = name if len(name) <= _NAME_SHOWN_MAX else name[:_NAME_SHOWN_MAX] + "…"
    return shown.encode("utf-8", "replace").decode("utf-8").replace("~", "~0").replace("/", "~1")
