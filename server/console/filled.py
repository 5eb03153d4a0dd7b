"""What was typed into a form of records, as a body has it; and what a body says, as it is typed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import g, request
from werkzeug.datastructures import MultiDict

from schemas.forms.definition import Item
from schemas.places import PLACE_ID
from server.actions.forms.fill_form import Fillable
from server.actions.media.get_media import Kept, kept_at
from server.actions.media.inspect_document import inspect_document
from server.actions.media.inspect_photo import inspect_sent_photo
from server.base.clock import from_iso
from server.base.db import read
from server.base.problems import Problem
from server.rules.calendar import instant_ms, local_date_of, local_time_of
from server.web.responses import now_ms, runtime, uploaded_photos
from server.workflows.receive_media import keep_photo

Files = dict[str, list[Kept]]  # by field

OFFSET = "+08:00"  # of Asia/Shanghai, by which people here write
POINT = ("latitude_deg", "longitude_deg", "accuracy_m")
ATTACHED = ("image", "file")
_LOCAL = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::00)?")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(slots=True)
class Filled:
    """What came with a form. `files`: those that are in the store, by field; `problem`: the first that could not be kept."""

    body: dict[str, Any] = field(default_factory=dict)
    files: Files = field(default_factory=dict)
    problem: Problem | None = None

    @property
    def media(self) -> list[dict[str, Any]]:
        """What an entry promises of them."""
        kept = (one for files in self.files.values() for one in files)
        return [{"sha256": one.sha256, "bytes": one.bytes, "type": one.type} for one in kept]


def read_filled(filled: Fillable, items: Sequence[Item]) -> Filled:
    """What was filled in of these items; the others are left out. Files are kept, whatever becomes of the form."""
    found = Filled()
    hashes: dict[str, list[str]] = {}
    for item in items:
        if item.type not in ATTACHED:
            found.body |= said_of(filled, item, request.form)
            continue
        hashes[item.name], problem = _keep_files(filled.site.id, item)
        if problem is not None and found.problem is None:
            problem.members["errors"] = {f"/{item.name}": [problem.detail]}
            found.problem = problem
    found.files = _files(filled.site.id, hashes)
    found.body |= {name: [one.sha256 for one in files] for name, files in found.files.items()}
    return found


def said_of(filled: Fillable, item: Item, typed: MultiDict[str, str]) -> dict[str, Any]:
    """What was typed for an item, as a body has it; nothing where it was left empty."""
    if item.type == "geopoint":
        parts = {part: _number(typed.get(f"{item.name}.{part}", "").strip()) for part in POINT}
        return {item.name: parts} if any(value != "" for value in parts.values()) else {}
    texts = [text.strip() for text in typed.getlist(item.name) if text.strip()]
    if not texts:
        return {}
    if item.name == filled.place_field:
        place = filled.places.get(texts[0])
        return dict(place["said"]) if place is not None else {item.name: texts[0]}
    return {item.name: _value(item, texts)}


def controls_of(item: Item) -> list[str]:
    """The names of an item's controls."""
    return [f"{item.name}.{part}" for part in POINT] if item.type == "geopoint" else [item.name]


def texts_of(filled: Fillable, item: Item, body: Mapping[str, Any]) -> dict[str, list[str]]:
    """What a body says of an item, as it is typed; nothing for attachments."""
    value = body.get(PLACE_ID if item.name == filled.place_field else item.name)
    if value is None or item.type in ATTACHED or not item.is_field:
        return {}
    if item.type == "geopoint":
        return {f"{item.name}.{part}": [_text(value[part])] for part in POINT}
    if item.type == "dateTime":
        return {item.name: [local_minute(from_iso(str(value)))]}
    return {item.name: [_text(one) for one in value] if isinstance(value, list) else [_text(value)]}


def default_texts(filled: Fillable) -> dict[str, list[str]]:
    """What a new record starts with."""
    body = {
        item.name: filled.today if item.default == ["today"] else item.default
        for item in filled.items
        if item.default is not None and item.name != filled.place_field
    }
    return {key: texts for item in filled.items for key, texts in texts_of(filled, item, body).items()}


def moment_ms(text: str) -> int | None:
    """The instant of a local date and time, as a browser sends it. Raises Problem 422 for what is none."""
    if not text.strip():
        return None
    found = _LOCAL.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError(text)
        return instant_ms(found[1], found[2])
    except ValueError as error:
        message = "请填写完整的日期和时间。"
        raise Problem("invalid_input", message, errors={"/observed": [message]}) from error


def files_typed(filled: Fillable, typed: MultiDict[str, str]) -> Files:
    """The files that were kept for a form which was not saved."""
    items = (item for item in filled.items if item.type in ATTACHED)
    return _files(filled.site.id, {item.name: _kept_before(item, typed) for item in items})


def _files(site_id: str, hashes: Mapping[str, Sequence[str]]) -> Files:
    wanted = {one for some in hashes.values() for one in some}
    if not wanted:
        return {}
    with read() as session:
        kept = {one.sha256: one for one in kept_at(session, g.viewer, site_id, wanted)}
    found = {name: [kept[one] for one in some if one in kept] for name, some in hashes.items()}
    return {name: files for name, files in found.items() if files}


def _value(item: Item, texts: Sequence[str]) -> Any:
    match item.type:
        case "select_multiple":
            return list(texts)
        case "acknowledge":
            return texts[0] == "yes"
        case "integer" | "decimal":
            return _number(texts[0])
        case "dateTime":
            return f"{texts[0]}:00{OFFSET}"
        case _:
            return texts[0]


def _number(text: str) -> Any:
    """A number as it was typed; what is none stays as it is, to be refused. The page's script reads numbers alike."""
    number = float(text) if _NUMBER.fullmatch(text) else math.inf
    if math.isinf(number):
        return text
    return int(number) if number.is_integer() and "." not in text else number


def _text(value: Any) -> str:
    return "yes" if value is True else str(value)


def local_minute(at_ms: int) -> str:
    """An instant as a browser's field has it."""
    return f"{local_date_of(at_ms)}T{local_time_of(at_ms)}"


def _kept_before(item: Item, typed: MultiDict[str, str]) -> list[str]:
    """The files of a field that were kept before."""
    named = [one for one in typed.getlist(f"kept.{item.name}") if _SHA256.fullmatch(one)]
    return list(dict.fromkeys(named))[: item.max or 1]


def _keep_files(site_id: str, item: Item) -> tuple[list[str], Problem | None]:
    """The files of a field, in the store: those that were kept before, and those that came now."""
    kept = _kept_before(item, request.form)
    inspect = inspect_document if item.type == "file" else inspect_sent_photo
    try:
        for data in uploaded_photos(item.name, (item.max or 1) - len(kept)):
            kept.append(keep_photo(runtime().media, g.viewer, site_id, data, now_ms(), inspect))
    except Problem as problem:
        if problem.code == "not_found":
            raise
        return kept, problem
    return kept, None
