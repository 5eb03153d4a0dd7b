"""Import an emergency export: the lines are validated as in any push, then the photos that they promise. Importing a file
twice, or after the tablet sent it itself, changes nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from server.actions.media.inspect_photo import photo_limits
from server.actions.reference.load_reference import rules_in_force
from server.actions.sync.accept_push import accept_carried
from server.actions.sync.read_export import Export, check_export, open_export
from server.actions.sync.read_push import read_lines
from server.base.db import read, write
from server.base.problems import Problem
from server.base.runtime import Runtime
from server.workflows.receive_media import keep_carried
from sync_protocol.entry import MAX_ENTRIES


@dataclass(slots=True)
class TakenIn:
    """The outcome of an export: the device's name, entries by outcome, photos by outcome (`kept`, or the code of
    the problem)."""

    device: str
    entries: Counter[str] = field(default_factory=Counter)
    photos: Counter[str] = field(default_factory=Counter)


def import_export(runtime: Runtime, path: Path, now_ms: int) -> TakenIn:
    """Import the export in this file, part by part. Raises Problem 422 for a file that no tablet of ours signed: nothing
    of it is taken then."""
    with open_export(path) as export:
        with read() as session:
            device, kinds = check_export(session, export), rules_in_force(session).kinds
        taken = TakenIn(device.name)
        for start in range(0, len(export.raws), MAX_ENTRIES):
            lines = read_lines(export.raws[start : start + MAX_ENTRIES], kinds)
            with write() as session:
                outcomes = accept_carried(session, runtime.seals, device.id, lines, now_ms)
            taken.entries.update(outcome["outcome"] for outcome in outcomes)
        _take_photos(runtime, export, device.id, taken, now_ms)
        return taken


def _take_photos(runtime: Runtime, export: Export, device_id: str, taken: TakenIn, now_ms: int) -> None:
    """A photo that is refused does not stop the others."""
    with read() as session:
        longest = photo_limits(session, now_ms).bytes_max
    for photo in export.about.photos:
        try:
            keep_carried(runtime.media, device_id, photo.sha256, export.photo(photo, longest), now_ms)
            taken.photos["kept"] += 1
        except Problem as problem:
            taken.photos[problem.code] += 1
