"""tus-js-client and tuspy, as they are, over a network whose connections really break."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from tusclient.client import TusClient

from server.base.db import read
from server.field_app import HOME
from server.field_app.build import NODE_BIN, prepare
from server.models import Media
from tests.live import serving
from tests.server.cast import Cast
from tests.stories.cutting_proxy import cutting
from tests.stories.photos import MEDIA, Photographer, picture, sha256

DATA = picture(size=(200, 128), quality=100, subsampling=0)
THIRD = len(DATA) // 3
SCRIPT = Path(__file__).with_name("upload_with_tus_js.mjs")


@pytest.fixture
def photographer(cast: Cast, tmp_path: Path) -> Photographer:
    return Photographer(cast, tmp_path)


def test_tus_js_client_goes_on_where_its_connection_was_cut(photographer: Photographer) -> None:
    """The first piece breaks off, and the one after it again; then the network is well."""
    photographer.promise(DATA)
    with (
        serving(photographer.cast.app) as server,
        cutting(server, [None, THIRD // 2, None, THIRD // 2]) as proxy,
    ):
        done = _upload_with_tus_js(photographer, proxy.address)
        assert done["retries"] >= 2
        assert proxy.made >= 8  # create, 2 × (cut, ask), 3 pieces
    _assert_arrived(photographer)


def test_tuspy_goes_on_where_its_connection_was_cut(photographer: Photographer) -> None:
    photographer.promise(DATA)
    with serving(photographer.cast.app) as server, cutting(server, [None, None, THIRD // 2]) as proxy:
        uploader = TusClient(proxy.address + MEDIA, headers=_headers(photographer)).uploader(
            file_stream=BytesIO(DATA),
            chunk_size=THIRD,
            metadata=_metadata(photographer),
            retries=5,
            retry_delay=0,
        )
        uploader.upload()
        assert proxy.made >= 4
    _assert_arrived(photographer)


def _upload_with_tus_js(photographer: Photographer, address: str) -> dict[str, Any]:
    prepare()  # the field app's own client, as it is in its node_modules
    asked = {
        "modules": str(HOME / "package.json"),
        "endpoint": address + MEDIA,
        "headers": _headers(photographer),
        "metadata": _metadata(photographer),
        "data": base64.b64encode(DATA).decode(),
        "chunkSize": THIRD,
    }
    path = os.pathsep.join((str(NODE_BIN), os.environ.get("PATH", "")))
    done = subprocess.run(
        ["node", SCRIPT],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path},
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _headers(photographer: Photographer) -> dict[str, str]:
    """Of the one request that has to be signed; the others take the token from among them."""
    return photographer.wire.signed("POST", MEDIA, b"", {})


def _metadata(photographer: Photographer) -> Mapping[str, str]:
    return {"scope": photographer.wire.field.scope, "sha256": sha256(DATA), "type": "image/jpeg"}


def _assert_arrived(photographer: Photographer) -> None:
    store, site = photographer.cast.app.extensions["gongdi"].media, photographer.cast.site_a
    assert store.get(f"original/{site}/{sha256(DATA)}") == DATA
    with photographer.cast.app.app_context(), read() as session:
        assert session.query(Media).count() == 1
