"""The demo's people at their desks: they move flags as seed_data/demo/stories.json says, through the same actions as
anybody."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pylopdf_fonts_zh_cn
import sqlalchemy as sa
from flask import Flask
from PIL import Image, ImageDraw, ImageFont

from server.actions.flags.move_flag import Wanted, move_flag
from server.actions.reference.load_reference import SEED_DATA, tx_of
from server.base.db import read, write
from server.base.runtime import Runtime
from server.demo.bureau import write_paper
from server.models.access import Viewer, viewer_of
from server.models.flag import Flag
from server.models.user import user_named
from server.rules.calendar import HOUR_MS
from server.workflows.receive_media import keep_photo

_PHOTO_PX = (640, 480)
_FONT = Path(pylopdf_fonts_zh_cn.sans_path())


@dataclass(slots=True)
class Story:
    """What becomes of the first flag of one site and duty; `moves` are those that are still to come."""

    site_id: str
    duty: str
    moves: list[Mapping[str, Any]]


def read_stories() -> list[Mapping[str, Any]]:
    """What the people of the demo do about which flag."""
    rows: list[Mapping[str, Any]] = json.loads((SEED_DATA / "demo" / "stories.json").read_text("utf-8"))[
        "rows"
    ]
    return rows


def stories_of(rows: Sequence[Mapping[str, Any]], site_ids: Sequence[str], first: int = 0) -> list[Story]:
    """The stories of the sites that the demo has, from that number on."""
    return [
        Story(site_ids[one["site"]], one["duty"], list(one["moves"]))
        for one in rows
        if first <= one["site"] < len(site_ids)
    ]


def work(app: Flask, stories: Sequence[Story], at_ms: int) -> None:
    """Make the moves whose time has come: each so many hours after its flag was opened."""
    waiting = [story for story in stories if story.moves]
    with read() as session:
        query = sa.select(Flag.id, Flag.scope_id, Flag.duty, Flag.opened_ms).order_by(Flag.opened_ms.desc())
        first = {(row.scope_id, row.duty): row for row in session.execute(query)}
    for story in waiting:
        flag = first.get((story.site_id, story.duty))
        while (
            flag is not None and story.moves and at_ms >= flag.opened_ms + story.moves[0]["after_h"] * HOUR_MS
        ):
            _make(app, flag.id, story.site_id, story.moves.pop(0), at_ms)


def photo(text: str) -> bytes:
    """A picture that says what it would show, as a JPEG."""
    image = Image.new("RGB", _PHOTO_PX, (222, 228, 220))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 320, *_PHOTO_PX), fill=(150, 160, 150))
    draw.rectangle((60, 120, 580, 320), fill=(196, 205, 199), outline=(90, 100, 95), width=4)
    font = ImageFont.truetype(_FONT, 34)
    draw.text((_PHOTO_PX[0] // 2, 220), text, fill=(30, 40, 35), font=font, anchor="mm")
    draw.text((_PHOTO_PX[0] // 2, 430), "演示照片", fill=(255, 255, 255), font=font, anchor="mm")
    written = io.BytesIO()
    image.save(written, "JPEG", quality=80)
    return written.getvalue()


def person(name: str) -> Viewer:
    """Somebody of the demo, by log-in name."""
    with read() as session:
        user = user_named(session, name)
        assert user is not None, f"the demo has nobody named {name}"
        return viewer_of(session, user)


def _make(app: Flask, flag_id: str, site_id: str, move: Mapping[str, Any], at_ms: int) -> None:
    runtime: Runtime = app.extensions["gongdi"]
    viewer = person(move["by"])
    if "paper" in move:
        with write() as session:
            write_paper(tx_of(session, runtime.seals, at_ms), viewer, flag_id, move)
        return
    shown = [photo(text) for text in move.get("photos", ())]
    media = tuple(keep_photo(runtime.media, viewer, site_id, data, at_ms) for data in shown)
    with write() as session:
        flag = session.scalars(sa.select(Flag).where(Flag.id == flag_id)).one()
        wanted = Wanted(move["action"], flag.rev, move.get("note", ""), None, media, move.get("assignee", ""))
        move_flag(tx_of(session, runtime.seals, at_ms), viewer, flag_id, wanted)
