"""Papers: the register by cursor, and the printed file of one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import Schema, fields, validate

from server.actions.papers.read_papers import Registered, page_of_papers
from server.api.blueprint import ApiBlueprint, viewer
from server.api.parameters import ZH
from server.api.shapes import NoQuery, PageQuery, SiteBrief, at, file_answer
from server.api.unchanged import mark_unchanged
from server.base.db import read, write
from server.documents.write_documents import PDF
from server.models.audit import Deed, record_deed
from server.models.paging import Page
from server.models.paper import STATES
from server.rules.papers.uses import USES
from server.web.responses import as_download, now_ms, runtime
from server.workflows.print_papers import print_paper

blueprint = ApiBlueprint(
    "papers", __name__, url_prefix="/api/v1/papers", description="文书: 签发、送达和作废的"
)
blueprint.after_request(mark_unchanged)
_FILTERS = (*STATES, "unserved")
_NUMBER_CHARS_MAX = 64


class PaperQuery(PageQuery):
    kind = fields.String(
        validate=validate.OneOf(list(USES), error=f"种类只能是: {', '.join(USES)}。"),
        error_messages=ZH,
        metadata={"description": "种类"},
    )
    state = fields.String(
        validate=validate.OneOf(_FILTERS, error=f"状态只能是: {', '.join(_FILTERS)}。"),
        error_messages=ZH,
        metadata={"description": "状态"},
    )
    number = fields.String(
        validate=validate.Length(1, _NUMBER_CHARS_MAX, error=f"文号为 1 至 {_NUMBER_CHARS_MAX} 个字符。"),
        error_messages=ZH,
        metadata={"description": "文号或其一部分"},
    )


class PaperShape(Schema):
    id = fields.UUID(attribute="paper.id")
    site = fields.Nested(SiteBrief)
    flag = fields.UUID(attribute="paper.flag_id")
    kind = fields.String(attribute="paper.kind")
    title = fields.String(attribute="paper.title")
    number = fields.String(attribute="paper.number")
    state = fields.String(attribute="paper.state")
    party = fields.String()
    signed = at("paper.signed_ms", allow_none=True)
    served = at("paper.served_ms", allow_none=True)
    due = at("paper.due_ms", allow_none=True)
    voided = at("paper.voided_ms", allow_none=True)
    void_reason = fields.String(attribute="paper.void_reason")


class PaperPage(Schema):
    items = fields.List(fields.Nested(PaperShape))
    next = fields.String(allow_none=True)


@blueprint.get("")
@blueprint.arguments(PaperQuery, location="query")
@blueprint.response(200, PaperPage)
@blueprint.alt_response(401, "UNAUTHORIZED")
def list_papers(asked: dict[str, Any]) -> Page[Registered]:
    """我能看到的文书, 最新的在前; 施工单位看到送达给自己的和当场作的记录, 作废的也在"""
    with read() as session:
        return page_of_papers(session, viewer(), asked, asked.get("cursor"), asked["limit"])


@blueprint.get("/<uuid:paper_id>/file")
@blueprint.doc(**file_answer("文书 (PDF)", PDF))
@blueprint.arguments(NoQuery, location="query")
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(404, "NOT_FOUND")
def show_paper_file(_: dict[str, Any], paper_id: UUID) -> Response:
    """一份文书的 PDF, 作为附件下载; 下载记入操作记录"""
    data, name, site = print_paper(runtime(), viewer(), str(paper_id), now_ms())
    with write() as session:
        record_deed(session, Deed("exported", viewer().id, f"{site}: {name}", str(paper_id)), now_ms())
    return as_download(data, PDF, name)
