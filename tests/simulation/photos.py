"""Photos: promised by an entry, sent in pieces over a network that fails, gone on with where they were (tus 1.0.0)."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from typing import Any

from PIL import Image

from sync_protocol.client.transport import Request, Response, TransportError
from sync_protocol.signatures import sign_request
from tests.simulation.server_side import HOST
from tests.simulation.tablets import SimTablet
from tests.simulation.world import World

MEDIA = "/sync/v1/media"
TUS = {"Tus-Resumable": "1.0.0"}
PER_SITE = 3


@dataclass
class Photo:
    """A photo on a tablet. `entry`: the one that promises it; `address`: where its upload goes on."""

    tablet: SimTablet
    site: str
    entry: str
    data: bytes
    address: str = ""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@cache
def _picture(number: int) -> bytes:
    """A small image, another for another `number`."""
    written = BytesIO()
    Image.new("RGB", (8, 8), (number * 7 % 256, number * 31 % 256, number)).save(written, "PNG")
    return written.getvalue()


def take_photo(world: World) -> None:
    """A place was disinfected, and a photo shows it. It may go up at once."""
    tablet = world.a_tablet()
    number = world.rng.randrange(PER_SITE)
    sites = world.sites_on(tablet)
    if not sites:
        return
    site = world.rng.choice(sites)
    data = _picture(sorted(world.truth.sites).index(site) * PER_SITE + number)
    photo = Photo(tablet, site, "", data)
    media = [{"sha256": photo.sha256, "bytes": len(data), "type": "image/png"}]
    written = world.log_place(tablet, media=media, site=site)
    if written is not None:
        photo.entry = written.id
        world.photos.append(photo)
        if world.rng.random() < 0.5:
            tablet.client.sync()
            _go_on(world, photo)


def send_photo(world: World) -> None:
    """A tablet goes on with a photo that has not gone up."""
    waiting = [photo for photo in world.photos if not photo.tablet.lost]
    if waiting:
        photo = world.rng.choice(waiting)
        if world.rng.random() < 0.7:
            photo.tablet.client.push()
        _go_on(world, photo)


def _go_on(world: World, photo: Photo) -> None:
    with suppress(TransportError):
        if not photo.address and not is_there(world, photo):
            photo.address = _begun(world, photo)
        if photo.address:
            _send_pieces(world, photo)


def is_there(world: World, photo: Photo) -> bool:
    """Whether the server says that it has it. Raises TransportError."""
    return _signed(world, photo.tablet, "GET", f"{MEDIA}/sha256/{photo.sha256}", {}).status == 200


def _begun(world: World, photo: Photo) -> str:
    metadata = {"scope": f"site:{photo.site}", "sha256": photo.sha256, "type": "image/png"}
    pairs = (f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in metadata.items())
    headers = {**TUS, "Upload-Length": str(len(photo.data)), "Upload-Metadata": ",".join(pairs)}
    answer = _signed(world, photo.tablet, "POST", MEDIA, headers)
    return answer.headers.get("location", "") if answer.status == 201 else ""


def _send_pieces(world: World, photo: Photo) -> None:
    """In two pieces, from where the server says it is."""
    where = _plain(photo, "HEAD", {}, b"")
    at_byte = int(where.headers.get("upload-offset", "-1"))
    while 0 <= at_byte < len(photo.data):
        piece = photo.data[at_byte : at_byte + len(photo.data) // 2 + 1]
        headers = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(at_byte)}
        answer = _plain(photo, "PATCH", headers, piece)
        if answer.status != 204:
            break
        at_byte += len(piece)
        if at_byte == len(photo.data):
            world.truth.photos[photo.site, photo.sha256] = world.clock.at_ms
    if at_byte < 0 or at_byte == len(photo.data):
        photo.address = ""  # it is there, or the server knows nothing of this upload


def _plain(photo: Photo, method: str, headers: dict[str, str], body: bytes) -> Response:
    """A request under an upload's address: the token alone."""
    sent = {**TUS, **headers, "Authorization": f"Bearer {_identity(photo.tablet)['token']}"}
    return photo.tablet.network.send(Request(method, HOST + photo.address, sent, body))


def _signed(world: World, tablet: SimTablet, method: str, path: str, headers: dict[str, str]) -> Response:
    identity = _identity(tablet)
    bare = {**TUS, **headers, "Authorization": f"Bearer {identity['token']}"}
    key, at_s = identity["private_key"], world.clock.at_ms // 1000
    nonce = f"photo-{world.rng.getrandbits(90):x}"
    request = Request(method, HOST + path, bare)
    signed = sign_request(key, tablet.device, request, at_s, nonce)
    return tablet.network.send(replace(request, headers=signed))


def _identity(tablet: SimTablet) -> dict[str, Any]:
    """What the tablet's file knows of itself."""
    with closing(sqlite3.connect(tablet.home / "tablet.sqlite3")) as file:
        file.row_factory = sqlite3.Row
        return dict(file.execute("SELECT * FROM identity").fetchone())
