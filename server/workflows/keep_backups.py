"""Backups that the server makes by itself: one in so many hours, the newest of them kept."""

from __future__ import annotations

import logging
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from server.actions.reference.load_reference import rules_in_force
from server.base.db import read
from server.base.runtime import Runtime
from server.rules.calendar import HOUR_MS, local_date_of
from server.workflows.backup import backup_made_ms, make_backup

_OURS = re.compile(r"gongdi-\d{8}T\d{6}Z")  # what people put into the folder is left alone

_log = logging.getLogger("gongdi.backup")


def newest_backup_ms(folder: Path) -> int | None:
    """When the newest backup in `folder` was made; None when there is none."""
    return max((made_ms for made_ms, _ in _backups(folder)), default=None)


def keep_backups(app: Flask, now_ms: int) -> dict[str, int]:
    """Make a backup in the folder of the settings when the newest one is `backup_h` hours old, and then delete all but the
    `backups_kept` newest. Without such a folder nothing happens. What fails is tried again at the next tick; older
    backups are deleted only after a new one is complete. Of two schedulers with one folder the later one does nothing.
    """
    runtime: Runtime = app.extensions["gongdi"]
    folder = runtime.config.backup_dir
    if folder is None:
        return {}
    with app.app_context():
        with read() as session:
            book = rules_in_force(session)
        today = local_date_of(now_ms)
        every_ms, kept = book.number("backup_h", today) * HOUR_MS, round(book.number("backups_kept", today))
        newest_ms = newest_backup_ms(folder)
        if newest_ms is not None and now_ms - newest_ms < every_ms:
            return {}
        name = datetime.fromtimestamp(now_ms // 1000, UTC).strftime("gongdi-%Y%m%dT%H%M%SZ")
        manifest = make_backup(runtime, folder / name)
    old = sorted(_backups(folder), reverse=True)[kept:]
    for _, path in old:
        shutil.rmtree(path)
    _log.info("a backup was made", extra={"fields": {"folder": name, "photos": manifest.photos}})
    return {"made": 1, "deleted": len(old)}


def _backups(folder: Path) -> list[tuple[int, Path]]:
    """Complete backups that this module made, with the moment of each in ms."""
    if not folder.is_dir():
        return []
    ours = (path for path in folder.iterdir() if _OURS.fullmatch(path.name))
    return [(made_ms, path) for path in ours if (made_ms := backup_made_ms(path)) is not None]
