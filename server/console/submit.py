"""What every form of administration does: carry out what it asks once, or show the page again with what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import redirect
from werkzeug.wrappers import Response as AnyResponse

from server.base.db import write
from server.base.problems import Problem
from server.console.forms import check_form, claim
from server.models.tx import Tx
from server.web.responses import tx_of

Answer = str | tuple[str, int] | AnyResponse
T = TypeVar("T")


def submit(act: Callable[[Tx], object], done: str, page: Callable[[Problem], str]) -> Answer:
    """Act in one transaction, then go to the address `done`. A form that is sent twice acts once. What is refused is shown
    by `page`, with what was typed."""

    def once(tx: Tx) -> None:
        if claim(tx.session):
            act(tx)

    return _carried_out(once, lambda _: redirect(done, 303), page)


def submit_once(
    act: Callable[[Tx], T], shown: Callable[[T], Answer], page: Callable[[Problem], str]
) -> Answer:
    """As `submit`, for what is shown this one time: a password, codes. Sent twice, the form is refused: nobody has kept what
    it showed."""

    def once(tx: Tx) -> T:
        if not claim(tx.session):
            raise Problem("form_used", "结果只显示一次, 已经显示过。需要时请再办一次。")
        return act(tx)

    return _carried_out(once, shown, page)


def _carried_out(
    act: Callable[[Tx], T], done: Callable[[T], Answer], page: Callable[[Problem], str]
) -> Answer:
    check_form()
    try:
        with write() as session:
            made = act(tx_of(session))
    except Problem as problem:
        if problem.status == 403 or problem.code == "not_found":
            raise
        return page(problem), problem.status
    return done(made)
