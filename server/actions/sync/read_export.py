"""Read an emergency export: what a tablet could not send, carried here by a person in a file that the tablet signed."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from server.actions.devices.authenticate_device import key_of
from server.base.problems import Problem
from server.files.check_archive import BROKEN
from server.models.device import Device
from sync_protocol.signatures import export_text, verify_text

VERSION = 3  # the first that is signed
ABOUT_MAX, ENTRIES_MAX = 16 * 1024 * 1024, 256 * 1024 * 1024  # bytes, inflated


class CarriedPhoto(msgspec.Struct):
    """A photo in the file."""

    sha256: str
    type: str


class About(msgspec.Struct):
    """What the file says of itself."""

    gongdi_export: int
    device: UUID
    sig: str = ""
    photos: list[CarriedPhoto] = []


@dataclass(frozen=True, slots=True)
class Export:
    """An export as read: whose it is, the lines byte for byte, the photos that are in the same file."""

    about: About
    raws: list[bytes]
    digest: str  # SHA-256 of the lines' file
    archive: zipfile.ZipFile

    def photo(self, photo: CarriedPhoto, longest: int) -> bytes:
        """The bytes of a photo. Raises Problem 422 when it lacks, does not open, or is longer than `longest`."""
        return _member(self.archive, f"photos/{photo.sha256}.{photo.type.partition('/')[2]}", longest)


@contextmanager
def open_export(path: Path) -> Iterator[Export]:
    """The export in a file. Raises Problem 422 for anything else."""
    try:
        archive = zipfile.ZipFile(path)
    except BROKEN as error:
        raise _invalid("这不是应急导出的文件, 或文件已损坏。") from error
    with archive:
        about = _about(_member(archive, "about.json", ABOUT_MAX))
        text = _member(archive, "entries.ndjson", ENTRIES_MAX)
        raws = text.removesuffix(b"\n").split(b"\n") if text else []
        yield Export(about, raws, hashlib.sha256(text).hexdigest(), archive)


def check_export(session: Session, export: Export) -> Device:
    """The device that signed exactly these lines. Raises Problem 422."""
    device = session.get(Device, str(export.about.device))
    if device is None:
        raise _invalid("本系统没有登记过这台设备。")
    text = export_text(device.id, export.digest)
    if not verify_text(key_of(device.public_key), text, export.about.sig):
        raise _invalid("签名不符: 文件不是这台设备导出的, 或记录被改动过。")
    return device


def _about(text: bytes) -> About:
    try:
        about = msgspec.json.decode(text, type=About)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _invalid("about.json 无法读取。") from error
    if about.gongdi_export != VERSION:
        raise _invalid(f"只能读取第 {VERSION} 版导出文件, 这是第 {about.gongdi_export} 版。")
    return about


def _member(archive: zipfile.ZipFile, name: str, longest: int) -> bytes:
    try:
        with archive.open(name) as stream:
            data = stream.read(longest + 1)
    except (*BROKEN, KeyError) as error:
        raise _invalid(f"文件里没有 {name}, 或它已损坏。") from error
    if len(data) > longest:
        raise _invalid(f"{name} 太大。")
    return data


def _invalid(detail: str) -> Problem:
    return Problem("export_invalid", detail)
