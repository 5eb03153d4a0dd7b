"""Photos, for people who may see the site."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from server.actions.media.get_media import find_photo, shown_bytes
from server.actions.media.inspect_document import PDF, inspect_sent_media, shown_type
from server.actions.media.inspect_photo import SHOWN_TYPE
from server.api.blueprint import ApiBlueprint, viewer
from server.api.shapes import NoQuery, PhotoShape, file_answer
from server.base.db import read
from server.web.responses import FILE_BODY, as_evidence, now_ms, runtime, uploaded_file
from server.workflows.receive_media import keep_photo

blueprint = ApiBlueprint("media", __name__, url_prefix="/api/v1/media", description="照片: 记录的凭证")

_SHOWN = file_answer("照片 (JPEG), 或文件 (PDF)", SHOWN_TYPE, PDF)


@blueprint.get("/<uuid:site_id>/<string(length=64):sha256>")
@blueprint.doc(**_SHOWN)
@blueprint.arguments(NoQuery, location="query")
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(404, "NOT_FOUND")
@blueprint.alt_response(502, "BAD_GATEWAY")
def show_photo(_: dict[str, Any], site_id: UUID, sha256: str) -> Response:
    """一张照片: 供查看的副本 (JPEG, 不含拍摄地点等附加信息); 或一个文件 (PDF), 作为附件下载

    `sha256` 是原始文件的摘要, 与记录中的承诺一致。
    """
    with read() as session:
        photo = find_photo(session, viewer(), str(site_id), sha256)
    return as_evidence(shown_bytes(runtime().media, photo), shown_type(photo.type), sha256)


@blueprint.post("/<uuid:site_id>")
@blueprint.doc(requestBody=FILE_BODY)
@blueprint.arguments(NoQuery, location="query")
@blueprint.response(201, PhotoShape)
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(404, "NOT_FOUND")
@blueprint.alt_response(413, "REQUEST_ENTITY_TOO_LARGE")
@blueprint.alt_response(415, "UNSUPPORTED_MEDIA_TYPE")
def take_photo(_: dict[str, Any], site_id: UUID) -> dict[str, str]:
    """上传一张照片 (multipart, file), 供办理标记时在 media 中引用; 陈述申辩也可以附 PDF"""
    _name, data = uploaded_file()
    sha256 = keep_photo(runtime().media, viewer(), str(site_id), data, now_ms(), inspect_sent_media)
    return {"sha256": sha256}
