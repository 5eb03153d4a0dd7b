"""A contractor at a desk: files as people keep them, and the calls that upload them."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import Any

import sqlalchemy as sa
import xlsxwriter
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from server.base.db import read
from server.models import LogEntry
from server.rules.rosters.cells import Cell
from tests.server.cast import Caller, Cast
from tests.server.rosters.people import TITLES, Person

Row = Sequence[Cell]


class AtOnce(Executor):
    """Does what it is given before it returns: a test waits for nothing."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


class Later(Executor):
    """Takes everything and does nothing, as a process that dies."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return Future()


def xlsx(rows: Sequence[Row], titles: Row = TITLES, above: Sequence[Row] = ()) -> bytes:
    """A workbook with one sheet: lines above, a header, rows."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_numbers": False})
    sheet = book.add_worksheet("花名册")
    for number, row in enumerate([*above, titles, *rows]):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(number, column, cell)
            elif isinstance(cell, int | float):
                sheet.write_number(number, column, cell)
    book.close()
    return buffer.getvalue()


def people_file(*people: Person) -> bytes:
    return xlsx([person.cells() for person in people])


def upload(caller: Caller, site: str, data: bytes, name: str = "名册.xlsx") -> TestResponse:
    form = {"file": FileStorage(io.BytesIO(data), name)}
    boundary, body = encode_multipart(form)  # in memory: the client's own way leaves a temporary file open
    content_type = f'multipart/form-data; boundary="{boundary}"'
    return caller.post(f"/api/v1/sites/{site}/rosters", data=body, content_type=content_type)


def preview(caller: Caller, site: str, data: bytes) -> dict[str, Any]:
    """Upload a file that is read at once; what the preview counts."""
    answer = upload(caller, site, data)
    assert answer.status_code == 202, answer.text
    shown: dict[str, Any] = caller.get(answer.headers["Location"]).get_json()
    return shown


def rows(caller: Caller, roster: dict[str, Any], group: str) -> list[dict[str, Any]]:
    answer = caller.get(f"/api/v1/rosters/{roster['id']}/rows", query_string={"group": group})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.get_json()["items"]
    return items


def commit(caller: Caller, roster: dict[str, Any], **decision: Any) -> dict[str, Any]:
    answer = caller.post(f"/api/v1/rosters/{roster['id']}/commit", json=decision)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.get_json()
    return shown


def read_at_once(cast: Cast) -> None:
    cast.app.extensions["gongdi_pool"] = AtOnce()


def counts(roster: dict[str, Any]) -> tuple[int, ...]:
    return tuple(roster["counts"][name] for name in ("new", "changed", "same", "rejected", "absent"))


def entries(desk: Cast) -> int:
    """How many lines the log has."""
    with desk.app.app_context(), read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(LogEntry)) or 0
