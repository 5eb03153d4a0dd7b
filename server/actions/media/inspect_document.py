"""Inspect what arrived: a photo, or a document (PDF).

A document is not decoded and never opened here: its frame is looked at, its header and its end. It may hold a script. So
nobody is shown it in a page; who may see the evidence gets the file, to keep and open elsewhere.
"""

from __future__ import annotations

import re

from server.actions.media.inspect_photo import (
    SENT_TYPES,
    SHOWN_TYPE,
    TYPES,
    Photo,
    PhotoLimits,
    inspect_photo,
    refused_media,
)

PDF = "application/pdf"
_MARK = b"%PDF-"
_HEADER = re.compile(rb"%PDF-(1\.[0-7]|2\.0)[\r\n \t]")  # ISO 32000-2 7.5.2
_END = re.compile(rb"startxref\s+(\d{1,10})\s+%%EOF$")  # 7.5.5: where the last table of objects begins
_END_BYTES = 1024
_TABLE = re.compile(rb"\s{0,8}(xref\b|\d{1,10}\s+\d{1,5}\s+obj\b)")  # a table, or a stream that is one


def inspect_media(data: bytes, limits: PhotoLimits, photos: tuple[str, ...] = TYPES) -> Photo:
    """The photo, of one of these types, or the document that these bytes are. Raises Problem 415 (no type of ours), 413
    (too many pixels) or 422 (it does not decode; a document without its end)."""
    if not data.startswith(_MARK):
        return inspect_photo(data, limits, (*photos, PDF))
    if not _is_whole(data):
        raise refused_media("media_unreadable")
    return Photo(PDF, 0, 0, None, None)


def inspect_sent_media(data: bytes, limits: PhotoLimits) -> Photo:
    """The photo or document that a person sent. Raises Problem as `inspect_media`."""
    return inspect_media(data, limits, SENT_TYPES)


def inspect_document(data: bytes, limits: PhotoLimits) -> Photo:
    """The document that these bytes are. Raises Problem as `inspect_media`, and 415 for a photo."""
    if not data.startswith(_MARK):
        raise refused_media("media_type_not_allowed", accepted=(PDF,))
    return inspect_media(data, limits)


def shown_type(stored: str) -> str:
    """The type of what people get of stored media: a photo's copy, or the document itself."""
    return PDF if stored == PDF else SHOWN_TYPE


def _is_whole(data: bytes) -> bool:
    """Whether a PDF has a header that we know, and an end that leads to a table within it. Scanners add zeros."""
    end = _END.search(data[-_END_BYTES:].rstrip(b"\0\t\r\n "))
    return bool(_HEADER.match(data)) and end is not None and bool(_TABLE.match(data, int(end[1])))
