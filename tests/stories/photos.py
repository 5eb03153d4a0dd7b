"""Photos as tablets take them, and a device that uploads them by hand."""

from __future__ import annotations

import base64
import hashlib
import uuid
from io import BytesIO
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from server.actions.accounts.manage_users import NewUser, add_user
from server.base.db import write
from tests.server.cast import PASSWORD, Cast
from tests.stages import reach_reference
from tests.stories.field import Field
from tests.stories.wire import WireDevice

MEDIA = "/sync/v1/media"
PIECE_TYPE = "application/offset+octet-stream"
TUS = {"Tus-Resumable": "1.0.0"}
_NOISE = bytes(range(256)) * 300  # a picture that does not compress to nothing


def picture(format: str = "JPEG", size: tuple[int, int] = (160, 120), **options: Any) -> bytes:
    """An image file of this format."""
    written = BytesIO()
    Image.frombytes("RGB", size, _NOISE[: size[0] * size[1] * 3]).save(written, format, **options)
    return written.getvalue()


def document(*, version: str = "1.4", before: bytes = b"", start: int | None = None) -> bytes:
    """A PDF of one empty page. `before`: what stands before its table; `start`: where it says that its table begins."""
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
    )
    data = f"%PDF-{version}\n".encode() + before
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj" % number + content + b"endobj\n"
    begins = len(data) if start is None else start
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    data += b"xref\n0 4\n0000000000 65535 f \n" + table
    return data + b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % begins


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def add_stranger(cast: Cast) -> str:
    """An inspector who has no site."""
    with cast.app.app_context(), write() as session:
        new = NewUser("stranger", "inspector", PASSWORD, "检查员何平", unit="zhijianzhan")
        cast.users["stranger"] = add_user(session, new, cast.clock.now_ms()).id
    return "stranger"


class Photographer:
    """An enrolled device of the inspector of site A, and the rules in force."""

    def __init__(self, cast: Cast, folder: Path, user: str = "inspector") -> None:
        reach_reference(cast.app)
        self.cast = cast
        self.wire = WireDevice(Field(cast, folder), user)
        self.http: FlaskClient = self.wire.http

    def promise(self, *photos: bytes, **given: Any) -> str:
        """Push an entry that promises these photos; gives its id."""
        media = [{"sha256": sha256(data), "bytes": len(data), "type": "image/jpeg"} for data in photos]
        entry_id = given.setdefault("id", str(uuid.uuid4()))
        (outcome,) = self.wire.outcomes(self.wire.line(media=media, **given))
        assert outcome["outcome"] == "applied", outcome
        return str(entry_id)

    def announced(self, data: bytes, **metadata: str) -> dict[str, str]:
        """The headers that announce a photo."""
        announced = {"scope": self.wire.field.scope, "sha256": sha256(data), "type": "image/jpeg", **metadata}
        pairs = (f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in announced.items())
        return {**TUS, "Upload-Length": str(len(data)), "Upload-Metadata": ",".join(pairs)}

    def create(self, data: bytes, **metadata: str) -> TestResponse:
        return self.created(self.announced(data, **metadata))

    def created(self, headers: dict[str, str]) -> TestResponse:
        return self.http.post(MEDIA, headers=self.wire.signed("POST", MEDIA, b"", headers))

    def begin(self, data: bytes) -> str:
        """Promise a photo and create its upload; gives its address."""
        self.promise(data)
        answer = self.create(data)
        assert answer.status_code == 201, answer.text
        return str(answer.headers["Location"])

    def send(self, method: str, address: str, body: bytes = b"", **headers: str) -> TestResponse:
        """A request under an upload's address: the bearer token, and no signature."""
        sent = {"Authorization": f"Bearer {self.wire.identity['token']}", **TUS}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.open(address, method=method, data=body, headers=sent)

    def patch(self, address: str, at_byte: int, piece: bytes, **headers: str) -> TestResponse:
        sent = {"Content_Type": PIECE_TYPE, "Upload_Offset": str(at_byte), **headers}
        return self.send("PATCH", address, piece, **sent)

    def upload(self, data: bytes) -> TestResponse:
        """Promise, create, send in one piece."""
        return self.patch(self.begin(data), 0, data)

    def look(self, digest: str, method: str = "GET") -> TestResponse:
        """Whether a photo is here."""
        path = f"{MEDIA}/sha256/{digest}"
        return self.http.open(path, method=method, headers=self.wire.signed(method, path, b"", {}))

    def seen(self, digest: str, name: str = "section") -> TestResponse:
        """The photo as this person of the cast is shown it."""
        return self.cast.client(name).get(f"/api/v1/media/{self.cast.site_a}/{digest}")
