"""What every form of administration does: carry out what it asks once, or show the page again with what is wrong."""

from __future__ import annotations

from collections.abc import Callable

from flask import redirect
from werkzeug.wrappers import Response as AnyResponse

from server.base.db import write
from server.base.problems import Problem
from server.console.forms import check_form, claim
from server.models.tx import Tx
from server.web.responses import tx_of

Answer = str | tuple[str, int] | AnyResponse


def submit(act: Callable[[Tx], object], done: str, page: Callable[[Problem], str]) -> Answer:
    """Act in one transaction, then go to the address `done`. A form that is sent twice acts once. What is refused is shown
    by `page`, with what was typed."""
    check_form()
    try:
        with write() as session:
            if claim(session):
                act(tx_of(session))
    except Problem as problem:
        if problem.status in (403, 404):
            raise
        return page(problem), problem.status
    return redirect(done, 303)
