"""An office that has answered what papers ask of it, and the forms by which its people write them."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader
from werkzeug.test import TestResponse

from server.actions.papers.sealed_words import draft_of
from server.actions.reference.load_reference import tx_of
from server.actions.reference.office_rows import set_row
from server.base.db import read, write
from server.console.filled import local_minute
from server.console.pages import COOKIE
from server.models import Paper
from server.rules.papers.fields import FIELDS
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import missed_flag, planned_field

COURT = "新乡市红旗区人民法院"
ANSWERS: dict[tuple[str, str], dict[str, Any]] = {
    ("bureau_facts", "court"): {"value": COURT},
    ("bureau_facts", "entrustment"): {"value": "新建委〔2026〕1号"},
    ("bureau_facts", "phone"): {"value": "0373-3050000"},
    ("bureau_facts", "address"): {"value": "新乡市平原路999号"},
    ("bureau_facts", "office_hours"): {"value": "08:30-12:00 14:30-18:00"},
    ("number_series", "order"): {"word": "新建责改"},
    ("number_series", "stop"): {"word": "新建责停"},
    ("number_series", "resume"): {"word": "新建复工"},
    ("number_series", "advice"): {"word": "新建建议"},
    ("number_series", "transfer"): {"word": "新建移送"},
    ("officers", "sun"): {"name": "孙丽", "certificate": "16070001", "unit": "zhian", "user": "section"},
    ("officers", "zhou"): {"name": "周强", "certificate": "16070002", "unit": "jiancha", "user": "brigade"},
    ("officers", "li"): {"name": "李华", "certificate": "16070003", "unit": "zhijianzhan"},
}


def answered_field(app: Flask, cast: Cast, folder: Path) -> tuple[Field, str]:
    """The day before, the office answers all; the next day site A has a flag. Gives the field and the flag's id."""
    field = planned_field(app, cast, folder)
    answer(field, ANSWERS)
    return field, missed_flag(field, field.tablet("first"))


def answer(field: Field, rows: dict[tuple[str, str], dict[str, Any]]) -> None:
    runtime = field.app.extensions["gongdi"]
    with field.app.app_context(), write() as session:
        for (noun, code), said in rows.items():
            set_row(tx_of(session, runtime.seals, runtime.clock.now_ms()), noun, code, said)


class Desk:
    """A user at the console, who fills in the forms of papers."""

    def __init__(self, field: Field, name: str) -> None:
        self.field = field
        self.client: FlaskClient = field.app.test_client()
        self.client.set_cookie(COOKIE, field.cast.client(name).token, path="/console")

    def get(self, path: str) -> TestResponse:
        return self.client.get(f"/console{path}")

    def post(self, page: str, path: str, **said: Any) -> TestResponse:
        """The form of this page that goes to `path`."""
        shown = self.get(page).get_data(as_text=True)
        (token, key) = re.search(  # type: ignore[union-attr]
            r'name="form_token" value="([^"]+)"><input type="hidden" name="form_key" value="([^"]+)"', shown
        ).groups()
        return self.client.post(f"/console{path}", data={"form_token": token, "form_key": key, **said})

    def start(self, flag: str, kind: str) -> TestResponse:
        return self.post(f"/flags/{flag}", f"/flags/{flag}/papers", kind=kind)

    def draft(self, flag: str, kind: str, **typed: Any) -> str:
        """A draft with these words changed; gives its id."""
        answer = self.start(flag, kind)
        assert answer.status_code == 303, answer.text
        paper = answer.headers["Location"].rpartition("/")[2]
        self.type(paper, **typed)
        return str(paper)

    def type(self, paper: str, **typed: Any) -> None:
        before = paper_draft(self.field, paper)
        words = {f"field.{name}": _as_typed(name, text) for name, text in before["fields"].items()}
        officers, basis = typed.pop("officers", before["officers"]), typed.pop("basis", before["basis"])
        said = {**words, **{f"field.{name}": text for name, text in typed.items()}}
        answer = self.post(
            f"/papers/{paper}", f"/papers/{paper}/draft", officer=officers, basis=basis, **said
        )
        assert answer.status_code == 303, answer.text

    def sign(self, paper: str) -> TestResponse:
        return self.post(f"/papers/{paper}", f"/papers/{paper}/sign")

    def serve(self, paper: str, **said: str) -> TestResponse:
        return self.post(f"/papers/{paper}", f"/papers/{paper}/service", **said)

    def void(self, paper: str, reason: str) -> TestResponse:
        return self.post(f"/papers/{paper}", f"/papers/{paper}/void", reason=reason)

    def text(self, path: str) -> str:
        """What a PDF says, without spaces."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        pages = PdfReader(io.BytesIO(answer.data)).pages
        return "".join("".join(page.extract_text().split()) for page in pages)


def _as_typed(name: str, text: str) -> str:
    """A value as the page's input has it."""
    return local_minute(int(text)) if FIELDS[name].asks == "moment" and text else text


def paper_row(field: Field, paper_id: str) -> Paper:
    with field.app.app_context(), read() as session:
        return session.scalars(sa.select(Paper).where(Paper.id == paper_id)).one()


def paper_draft(field: Field, paper_id: str) -> dict[str, Any]:
    """What was typed into a paper."""
    return draft_of(field.app.extensions["gongdi"].seals, paper_row(field, paper_id))


RECORD = {
    "began": "2026-11-24T13:00",
    "ended": "2026-11-24T13:40",
    "party_address": "新乡市牧野区和平路1号",
    "party_head": "李建国",
    "present": "王芳（劳资专管员）",
    "recorder": "孙丽",
    "findings": "食堂配电箱线路裸露\n食堂未见消毒用品",
    "officers": ["sun", "zhou"],
}
BROKEN = "《施工现场临时用电安全技术规范》第八章"
ORDER = {"basis": "hazard", "broken": BROKEN, "due": "2026-11-27T17:00", "officers": ["sun", "zhou"]}
SERVICE = {
    **{"way": "direct", "at": "2026-11-24T15:00", "place": "牧野花园项目部", "receiver": "王芳"},
    **{"relation": "收发人员", "servers": "孙丽、周强"},
}
