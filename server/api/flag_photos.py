"""The endpoint by which tablets get the photos of a flag's reply: see SPEC.md, part 15."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, request

from server.actions.flags.send_photo import photo_of_flag
from server.actions.media.get_media import shown_bytes
from server.actions.media.inspect_document import shown_type
from server.api.bodies import read_body
from server.api.senders import signed_sender
from server.base.db import write
from server.web.responses import as_evidence, now_ms, runtime

blueprint = Blueprint("flag_photos", __name__, url_prefix="/sync/v1/flags")


@blueprint.get("/<uuid:flag_id>/photos/<string(length=64):sha256>", provide_automatic_options=False)
def show_photo(flag_id: UUID, sha256: str) -> Response:
    """The copy of a photo that people are shown. Signed, with an empty body."""
    at_ms = now_ms()
    sender = signed_sender(read_body(request, 0), at_ms)
    with write() as session:
        photo = photo_of_flag(session, sender, str(flag_id), sha256, at_ms)
        session.expunge(photo)
    return as_evidence(shown_bytes(runtime().media, photo), shown_type(photo.type), sha256)
