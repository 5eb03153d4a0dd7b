"""Gate machines and real-name platforms: passes come in, what is known of a person goes back. For programs with a key."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, jsonify, request

from server.actions.accounts.limit_rate import limit_rate
from server.actions.accounts.service_accounts import GATE_PASSES, ROSTER
from server.actions.accounts.service_keys import CALLS_MAX
from server.actions.gates.person_numbers import set_numbers
from server.actions.gates.read_roster import page_of_roster
from server.actions.gates.take_passes import Reported, take_passes
from server.actions.reference.load_reference import rules_in_force
from server.api.blueprint import ApiBlueprint, caller, viewer
from server.api.bodies import read_json_body
from server.api.gate_shapes import (
    AdapterQuery,
    GatePasses,
    NumberOutcomes,
    PassOutcomes,
    PeoplePage,
    PersonNumbers,
    RosterQuery,
)
from server.api.shapes import NoQuery
from server.api.unchanged import mark_unchanged
from server.base.clock import to_iso
from server.base.db import Session, read, write
from server.base.problems import Problem
from server.models.tx import Tx
from server.rules.calendar import MINUTE_MS, local_date_of
from server.rules.gate_adapters import GateAdapter, gate_adapter
from server.rules.gate_passes import ROWS_MAX
from server.rules.rulebook import Rulebook
from server.web.responses import now_ms, runtime, tx_of

_NOUN = "gate_adapters"
BYTES_MAX = 1024 * 1024
passes = ApiBlueprint(
    "gate_passes",
    __name__,
    url_prefix="/api/v1/sites",
    description="闸机: 出入记录 (仅对接系统)",
    service_scope=GATE_PASSES,
    services_only=True,
)
people = ApiBlueprint(
    "service_roster",
    __name__,
    url_prefix="/api/v1/sites",
    description="名册和编号 (仅对接系统)",
    service_scope=ROSTER,
    services_only=True,
)
people.after_request(mark_unchanged)


@passes.before_request
@people.before_request
def _bound_body() -> None:
    request.max_content_length = BYTES_MAX


@passes.post("/<uuid:site_id>/gate-passes")
@passes.arguments(NoQuery, location="query")
@passes.arguments(GatePasses)
@passes.response(200, PassOutcomes)
@passes.alt_response(401, "UNAUTHORIZED")
@passes.alt_response(403, "FORBIDDEN")
@passes.alt_response(404, "NOT_FOUND")
@passes.alt_response(413, "REQUEST_ENTITY_TOO_LARGE")
@passes.alt_response(429, "TOO_MANY_REQUESTS")
def report_passes(_: dict[str, Any], said: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """上报出入记录

    每行各有结果。同一 `event` 再发不重复计入。名册上没有的人、写法不对的行不会丢, 保留待人工处理。
    `verdict` 是这个人现在的情况, 供闸机提示; 放不放行由人决定。
    """
    reported = Reported(said["passes"], said["sent_at"], said["unsent"])
    with write() as session:
        tx = _counted(session)
        outcomes = take_passes(tx, viewer().id, str(site_id), reported)
    return {"outcomes": outcomes, "server_time": to_iso(tx.now_ms)}


@passes.post("/<uuid:site_id>/gate-passes/<string:adapter>")
@passes.doc(
    summary="上报出入记录, 按某种闸机或平台自己的格式",
    description="接入方式是数据 (gate_adapters): 哪一项是人员、时间、方向, 代码各是什么意思, 怎样回答。",
    requestBody={
        "required": True,
        "content": {
            "application/json": {"schema": {}},
            "multipart/form-data": {"schema": {"type": "object"}},
        },
    },
    responses={"200": {"description": "按接入方式回答", "content": {"application/json": {"schema": {}}}}},
)
@passes.arguments(AdapterQuery, location="query")
@passes.response(200)
@passes.alt_response(401, "UNAUTHORIZED")
@passes.alt_response(403, "FORBIDDEN")
@passes.alt_response(404, "NOT_FOUND")
@passes.alt_response(413, "REQUEST_ENTITY_TOO_LARGE")
@passes.alt_response(429, "TOO_MANY_REQUESTS")
def report_in_their_words(asked: dict[str, Any], site_id: UUID, adapter: str) -> Response:
    """上报出入记录, 按某种闸机或平台自己的格式"""
    message = _message()
    with write() as session:
        tx = _counted(session)
        known = _adapter(tx.book, adapter, tx.now_ms)
        rows = known.rows(message, asked.get("direction", ""))
        if len(rows) > ROWS_MAX:
            raise Problem("too_many_rows", f"一次最多 {ROWS_MAX} 条, 请分批发送。")
        reported = Reported(rows, known.sent_ms(message, tx.now_ms), known.unsent(message))
        outcomes = take_passes(tx, viewer().id, str(site_id), reported)
    return jsonify(known.answer(outcomes))


@people.get("/<uuid:site_id>/roster")
@people.arguments(RosterQuery, location="query")
@people.response(200, PeoplePage)
@people.alt_response(401, "UNAUTHORIZED")
@people.alt_response(403, "FORBIDDEN")
@people.alt_response(404, "NOT_FOUND")
def list_roster(asked: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """名册: 证件遮盖, 带摘要和本系统登记过的卡号、平台编号"""
    with read() as session:
        page = page_of_roster(
            session, runtime().seals, viewer(), str(site_id), asked.get("cursor"), asked["limit"]
        )
        items = page.items
        if asked.get("adapter"):
            known = _adapter(rules_in_force(session), asked["adapter"], now_ms())
            items = [known.roster_row(one) for one in items]
    return {"items": items, "next": page.next}


@people.post("/<uuid:site_id>/person-numbers")
@people.arguments(NoQuery, location="query")
@people.arguments(PersonNumbers)
@people.response(200, NumberOutcomes)
@people.alt_response(401, "UNAUTHORIZED")
@people.alt_response(403, "FORBIDDEN")
@people.alt_response(404, "NOT_FOUND")
@people.alt_response(413, "REQUEST_ENTITY_TOO_LARGE")
@people.alt_response(429, "TOO_MANY_REQUESTS")
def enter_numbers(_: dict[str, Any], said: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """登记人员的卡号和平台编号

    卡号对地点的全部闸机有效; 平台编号只对同一系统有效。登记过的号再给另一人, 从此归他。
    """
    with write() as session:
        tx = _counted(session)
        return {"outcomes": set_numbers(tx, viewer(), str(site_id), said["numbers"])}


def _counted(session: Session) -> Tx:
    """The transaction, once this key has not called too often. Raises Problem 429."""
    known, tx = caller(), tx_of(session)
    assert known is not None, "only programs come here"
    limit_rate(session, f"service|{known.key_id}", CALLS_MAX, MINUTE_MS, tx.now_ms)
    return tx


def _adapter(book: Rulebook, code: str, at_ms: int) -> GateAdapter:
    found = gate_adapter(book.rows.get(_NOUN, ()), code, local_date_of(at_ms))
    if found is None:
        raise Problem("unknown_adapter", f"没有接入方式 {code}。")
    return found


def _message() -> Any:
    """The JSON of a request, or of the first part of a form that has any."""
    if request.mimetype != "multipart/form-data":
        return read_json_body(request.get_data())
    for text in request.form.values():
        try:
            return read_json_body(text.encode())
        except Problem:
            continue
    raise Problem("malformed_json", "表单中没有 JSON。")
