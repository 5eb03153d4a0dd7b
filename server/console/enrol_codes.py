"""Enrolment codes: for many inspectors at once, each with a QR code, to be printed and used within minutes."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import segno
from flask import g, request
from markupsafe import Markup

from server.actions.accounts.list_users import inspectors_to_enrol
from server.actions.devices.enrol_code import LIFE_MS, TABLET, code_link, make_code
from server.actions.reference.check_codes import wrong
from server.actions.reference.name_codes import read_names
from server.base.db import read
from server.base.problems import Problem
from server.console.pages import blueprint, render, require_role
from server.console.submit import Answer, submit_once
from server.models.tx import Tx
from server.models.user import ADMIN, User
from server.rules.calendar import local_date_of
from server.web.responses import runtime

CODES_MAX = 100


@dataclass(frozen=True, slots=True)
class Card:
    """What is printed for one inspector."""

    user: User
    code: str
    picture: Markup


@blueprint.get("/admin/codes")
def list_codes() -> str:
    """Who may get a code, with the devices that they have."""
    return _page(None)


@blueprint.post("/admin/codes")
def make_codes() -> Answer:
    """Codes for those who were chosen, shown once. Earlier unused codes of theirs stop working."""
    require_role(ADMIN)
    return submit_once(_made, _cards_page, _page)


def _made(tx: Tx) -> tuple[list[Card], int]:
    chosen = dict.fromkeys(request.form.getlist("user"))
    if not 0 < len(chosen) <= CODES_MAX:
        raise wrong("user", f"请选择 1 至 {CODES_MAX} 位检查员。")
    device_class = request.form.get("class", TABLET)
    classes = {TABLET, *tx.book.device_classes(local_date_of(tx.now_ms))}
    address = runtime().config.public_url or request.host_url.rstrip("/")
    cards = []
    for user in (_inspector(tx, text) for text in chosen):
        code = make_code(tx.session, user, tx.now_ms, device_class, classes, g.viewer.id)
        drawn = segno.make(code_link(code, address), error="m").svg_inline(omitsize=True, svgclass="qr")
        cards.append(Card(user, code, Markup(drawn)))
    return cards, tx.now_ms + LIFE_MS


def _inspector(tx: Tx, text: str) -> User:
    try:
        user = tx.session.get(User, str(UUID(text)))
    except ValueError:
        user = None
    if user is None:
        raise wrong("user", "有一位检查员不在名单里, 请刷新后重选。")
    return user


def _cards_page(made: tuple[list[Card], int]) -> str:
    cards, until_ms = made
    with read() as session:
        names = read_names(session)
    address = runtime().config.public_url or request.host_url.rstrip("/")
    return render("enrol_cards.html", names, cards=cards, until_ms=until_ms, address=address)


def _page(problem: Problem | None) -> str:
    require_role(ADMIN)
    with read() as session:
        inspectors = inspectors_to_enrol(session)
        names = read_names(session)
    chosen = request.form.getlist("user") or request.args.getlist("user")
    values = {"inspectors": inspectors, "chosen": chosen, "minutes": LIFE_MS // 60_000}
    return render("enrol_codes.html", names, problem=problem, tablet=TABLET, codes_max=CODES_MAX, **values)
