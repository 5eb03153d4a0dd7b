"""Emergency exports, as the app gives them away and a person carries them to the server."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

from server.workflows.import_export import TakenIn, import_export
from sync_protocol.signatures import export_text, sign_text
from tests.stories.field import Field


def exported(
    field: Field, name: str, photos: tuple[bytes, ...] = (), photo_list: Any = None, **about: Any
) -> Path:
    """The file that the app would give away, of this tablet's waiting lines. `photo_list`: what it says of photos
    instead;
    `about` replaces other things that it says."""
    store = sqlite3.connect(field.folder / name / "tablet.sqlite3")
    rows = store.execute("SELECT line FROM outbox WHERE state = 'waiting' ORDER BY seq").fetchall()
    ((key, device),) = store.execute("SELECT private_key, device FROM identity").fetchall()
    store.close()
    text = b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for (line,) in rows)
    sig = sign_text(key, export_text(device, hashlib.sha256(text).hexdigest()))
    listed = [{"sha256": hashlib.sha256(data).hexdigest(), "type": "image/jpeg"} for data in photos]
    says = {"gongdi_export": 3, "device": device, "sig": sig, "photos": photo_list or listed, **about}
    path = field.folder / f"{name}.zip"
    with zipfile.ZipFile(path, "w") as files:
        files.writestr("about.json", json.dumps(says))
        files.writestr("entries.ndjson", text)
        for data in photos:
            files.writestr(f"photos/{hashlib.sha256(data).hexdigest()}.jpeg", data)
    return path


def take(field: Field, path: Path) -> TakenIn:
    """The file taken in, at the test's time."""
    with field.app.app_context():
        return import_export(field.app.extensions["gongdi"], path, field.cast.clock.now_ms())
