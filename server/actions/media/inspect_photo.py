"""Inspect a photo by its bytes, and make the copy of it that people are shown.

What a client calls a file counts for nothing. The bytes are kept as they came, because the hash in the signed log is
over them; but nobody is shown them: a decoded and re-encoded copy holds no location, no camera's number, and nothing that
was hidden behind the picture.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from PIL import Image
from pillow_heif import register_heif_opener
from sqlalchemy.orm import Session

from server.actions.reference.load_reference import rules_in_force
from server.base.clock import SHANGHAI
from server.base.problems import Problem, protocol_problem
from server.rules.calendar import HOUR_MS, local_date_of
from sync_protocol.outcomes import problem_code

SHOWN_TYPE = "image/jpeg"
_SHOWN_QUALITY = 85
_SCANS_MAX = 500  # of a JPEG: each is a pass over the whole picture, and takes a few bytes to ask for
_ORIENTATION, _EXIF, _TAKEN, _TAKEN_OFFSET = 0x0112, 0x8769, 0x9003, 0x9011  # EXIF 2.32
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_HEIC = "image/heic"
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", _HEIC: "HEIF"}
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1")  # ISO/IEC 23008-12: what telephones write
SENT_TYPES = tuple(_FORMATS)  # what people send from a page
TYPES = tuple(one for one in SENT_TYPES if one != _HEIC)  # what devices send (SPEC M80)

register_heif_opener(thumbnails=False)
Image.MAX_IMAGE_PIXELS = None  # the rules' own limit is kept below, before anything is decoded
_one_at_a_time = threading.Lock()  # a decoded photo takes hundreds of megabytes


@dataclass(frozen=True, slots=True)
class PhotoLimits:
    """What a photo may be, by the rules of a day; `shown_pixels` is the longer side of the copy for people."""

    bytes_max: int
    pixels_max: int
    shown_pixels: int
    upload_ms: int


@dataclass(frozen=True, slots=True)
class Photo:
    """What the bytes say of themselves, and `shown`, the copy for people (SHOWN_TYPE); of a document there is none, and its
    size is 0. `taken_ms` is the camera's claim."""

    type: str
    width: int
    height: int
    taken_ms: int | None
    shown: bytes | None


def photo_limits(session: Session, now_ms: int) -> PhotoLimits:
    """The limits as they hold today. Raises Problem 503 while there is no reference data."""
    book, today = rules_in_force(session), local_date_of(now_ms)
    try:
        codes = ("media_bytes_max", "media_pixels_max", "media_shown_pixels", "media_upload_h")
        bytes_max, pixels_max, shown_pixels, upload_h = (book.number(code, today) for code in codes)
    except LookupError as error:
        raise Problem("busy", "照片的规则还没有装载。") from error
    return PhotoLimits(round(bytes_max), round(pixels_max), round(shown_pixels), round(upload_h * HOUR_MS))


def inspect_photo(data: bytes, limits: PhotoLimits, accepted: tuple[str, ...] = TYPES) -> Photo:
    """The photo that these bytes are. Raises Problem 415 (no type of ours; it names those `accepted`), 413 (too many
    pixels) or 422 (it does not decode)."""
    type = _type_of(data)
    if type is None or type not in accepted:
        raise refused_media("media_type_not_allowed", accepted=accepted)
    with _one_at_a_time:
        try:
            with Image.open(BytesIO(data), formats=(_FORMATS[type],)) as image:
                width, height = image.size
                if width * height > limits.pixels_max:
                    raise refused_media("media_too_large", max_pixels=limits.pixels_max)
                return Photo(type, width, height, *_read(image, limits.shown_pixels))
        except Problem:
            raise
        except Exception as error:  # a decoder that is fed with hostile bytes raises what it likes
            raise refused_media("media_unreadable") from error


def inspect_sent_photo(data: bytes, limits: PhotoLimits) -> Photo:
    """The photo that a person sent, from a telephone's album too. Raises Problem as `inspect_photo`."""
    return inspect_photo(data, limits, SENT_TYPES)


def refused_media(code: str, **members: object) -> Problem:
    """A refusal of the catalogue as a problem, with what to do about it."""
    return protocol_problem(code, problem_code(code).remedy, **members)


def _type_of(data: bytes) -> str | None:
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg" if data.count(b"\xff\xda") <= _SCANS_MAX else None
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        return _HEIC
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def _read(image: Image.Image, side: int) -> tuple[int | None, bytes]:
    """When it was taken, and the copy for people."""
    exif = _exif_of(image)
    image.thumbnail((side, side))  # decodes the whole: a photo that was cut short raises here
    turn = _UPRIGHT.get(exif.get(_ORIENTATION, 1)) if exif is not None else None
    upright = image.transpose(turn) if turn is not None else image
    plain = _on_white(upright) if upright.has_transparency_data else upright.convert("RGB")
    plain.info.clear()  # comments and profiles would be written again
    written = BytesIO()
    plain.save(written, "JPEG", quality=_SHOWN_QUALITY)
    return _taken_ms(exif), written.getvalue()


def _on_white(image: Image.Image) -> Image.Image:
    whole = image.convert("RGBA")
    white = Image.new("RGB", whole.size, "white")
    white.paste(whole, mask=whole.getchannel("A"))
    return white


def _exif_of(image: Image.Image) -> Image.Exif | None:
    try:
        return image.getexif()
    except Exception:  # broken metadata, of which cameras make many kinds, spoil no picture
        return None


def _taken_ms(exif: Image.Exif | None) -> int | None:
    """When the camera says that the photo was taken; local time where it names no offset."""
    try:
        tags = exif.get_ifd(_EXIF) if exif is not None else {}
        at = datetime.strptime(str(tags[_TAKEN]).strip("\0 "), "%Y:%m:%d %H:%M:%S")
        offset = str(tags.get(_TAKEN_OFFSET, "")).strip("\0 ")
        zone = datetime.strptime(offset, "%z").tzinfo if offset else SHANGHAI
        return round(at.replace(tzinfo=zone).timestamp() * 1000)
    except Exception:  # as above
        return None
