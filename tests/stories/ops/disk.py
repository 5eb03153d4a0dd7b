"""A disk that forgets: what SQLite writes in this process is noted down, and shown again as it could be after a power cut.

The way in is SQLite's own: a VFS (https://www.sqlite.org/vfs.html) in front of the one that it has, which notes each write,
truncation, deletion and sync of the files in one folder. Whatever was synced is there after the cut; of what
came later any sector may be there or not.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import os
import random
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

SECTOR = 512  # bytes that a disk writes in one piece
_SHARED_MEMORY = "-shm"  # an index of the write-ahead log, made again by whoever opens the database first
_NAME = b"recorded"

_sqlite: Any = ctypes.CDLL(_sqlite3.__file__)  # the SQLite that the driver uses, no other copy of it
_pointer = ctypes.c_void_p
_int = ctypes.c_int
_long = ctypes.c_int64
_OPEN = ctypes.CFUNCTYPE(_int, _pointer, _pointer, _pointer, _int, _pointer)
_DELETE = ctypes.CFUNCTYPE(_int, _pointer, _pointer, _int)
_CLOSE = ctypes.CFUNCTYPE(_int, _pointer)
_WRITE = ctypes.CFUNCTYPE(_int, _pointer, _pointer, _int, _long)
_TRUNCATE = ctypes.CFUNCTYPE(_int, _pointer, _long)
_SYNC = ctypes.CFUNCTYPE(_int, _pointer, _int)


class _Vfs(ctypes.Structure):
    """`sqlite3_vfs`, with what comes after as plain pointers."""

    _fields_ = (
        *(("version", _int), ("file_bytes", _int), ("path_max", _int), ("next", _pointer)),
        *(("name", ctypes.c_char_p), ("data", _pointer), ("open", _OPEN), ("delete", _DELETE)),
        ("others", _pointer * 14),
    )


class _Methods(ctypes.Structure):
    """`sqlite3_io_methods`, likewise."""

    _fields_ = (
        *(("version", _int), ("close", _CLOSE), ("read", _pointer), ("write", _WRITE)),
        *(("truncate", _TRUNCATE), ("sync", _SYNC), ("others", _pointer * 13)),
    )


class _File(ctypes.Structure):
    """`sqlite3_file`."""

    _fields_ = (("methods", ctypes.POINTER(_Methods)),)


_sqlite.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)


class Step(NamedTuple):
    """What happened to a file: bytes `written` at `at`, cut to `at` bytes, `synced`, or `deleted`. A step without a path
    is a mark of the test."""

    path: str
    act: str
    at: int = 0
    written: bytes = b""
    mark: Any = None


@dataclass
class Recording:
    """Everything that was written in the folder and below, in order, and the test's marks between."""

    folder: Path
    before: dict[str, bytes]  # the files that were there already, by path
    steps: list[Step] = field(default_factory=list)

    def mark(self, what: Any) -> None:
        self.steps.append(Step("", "mark", mark=what))


@contextmanager
def recorded(folder: Path) -> Iterator[Recording]:
    """While this is open, every database that this process opens in the folder or below is noted down. Nobody has one open
    when it begins or ends."""
    folder = folder.resolve()
    before = {str(path): path.read_bytes() for path in folder.rglob("*.sqlite3")}
    recording = Recording(folder, before)
    plain = _sqlite.sqlite3_vfs_find(None)
    vfs = _in_front_of(plain, recording)
    _sqlite.sqlite3_vfs_register(ctypes.byref(vfs), 1)
    try:
        yield recording
    finally:
        _sqlite.sqlite3_vfs_unregister(ctypes.byref(vfs))
        _sqlite.sqlite3_vfs_register(plain, 1)
        _kept.append(vfs)  # a connection that somebody forgot to close still calls it


_kept: list[Any] = []


def _in_front_of(plain: Any, recording: Recording) -> _Vfs:
    ours = _Vfs()
    ctypes.pointer(ours)[0] = plain.contents
    paths: dict[int, str] = {}  # by the address of an open file
    known: dict[int, _Methods] = {}  # by the address of those that they stand before
    inside = str(recording.folder) + os.sep

    def opened(vfs: int, name: int, file: int, flags: int, out: int) -> int:
        code: int = plain.contents.open(vfs, name, file, flags, out)
        path = _text(name)
        if code == 0 and path.startswith(inside) and not path.endswith(_SHARED_MEMORY):
            held = _File.from_address(file)
            address = ctypes.addressof(held.methods.contents)
            if address not in known:
                known[address] = _noting(held.methods.contents, recording.steps, paths)
            held.methods = ctypes.pointer(known[address])
            paths[file] = path
        return code

    def deleted(vfs: int, name: int, sync_folder: int) -> int:
        code: int = plain.contents.delete(vfs, name, sync_folder)
        if code == 0 and _text(name).startswith(inside):
            recording.steps.append(Step(_text(name), "deleted"))
        return code

    ours.name, ours.open, ours.delete = _NAME, _OPEN(opened), _DELETE(deleted)
    return ours


def _noting(plain: _Methods, steps: list[Step], paths: dict[int, str]) -> _Methods:
    """The methods of a file, which do what the plain ones do and note it down."""
    ours = _Methods()
    ctypes.pointer(ours)[0] = plain

    def close(file: int) -> int:
        paths.pop(file, None)
        code: int = plain.close(file)
        return code

    def write(file: int, content: int, count: int, at: int) -> int:
        code: int = plain.write(file, content, count, at)
        steps.append(Step(paths[file], "written", at, ctypes.string_at(content, count)))
        return code

    def truncate(file: int, size: int) -> int:
        code: int = plain.truncate(file, size)
        steps.append(Step(paths[file], "cut", size))
        return code

    def sync(file: int, flags: int) -> int:
        code: int = plain.sync(file, flags)
        steps.append(Step(paths[file], "synced"))
        return code

    ours.close, ours.write = _CLOSE(close), _WRITE(write)
    ours.truncate, ours.sync = _TRUNCATE(truncate), _SYNC(sync)
    return ours


def _text(name: int | None) -> str:
    return ctypes.string_at(name).decode() if name else ""


@dataclass
class _Content:
    """A file: what is on the disk for good, and the steps after."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Step] = field(default_factory=list)


class Disk:
    """Plays a recording, and shows the files as a power cut may leave them."""

    def __init__(self, recording: Recording) -> None:
        self._files = {path: _Content(bytearray(content)) for path, content in recording.before.items()}

    def take(self, step: Step) -> None:
        if step.act == "mark":
            return
        content = self._files.setdefault(step.path, _Content())
        if step.act == "synced":
            for one in content.pending:
                _apply(content.durable, one)
            content.pending.clear()
        elif step.act == "deleted":  # a folder may remember a deleted file, never more of it than was there
            del self._files[step.path]
        else:
            content.pending.append(step)

    def cut(self, folder: Path, rng: random.Random) -> None:
        """Leave the files in the folder as they are if the power goes now. How much of what was not synced is there is
        chance: nothing, everything, or any of its sectors."""
        share = rng.choice((0.0, 1.0, rng.random()))
        for path, content in self._files.items():
            left = bytearray(content.durable)
            for step in content.pending:
                if step.act == "cut":
                    if rng.random() < share:
                        _apply(left, step)
                    continue
                for start in range(0, len(step.written), SECTOR):
                    if rng.random() < share:
                        piece = step.written[start : start + SECTOR]
                        _apply(left, Step(path, "written", step.at + start, piece))
            (folder / Path(path).name).write_bytes(left)


def _apply(content: bytearray, step: Step) -> None:
    if step.act == "cut":
        del content[step.at :]
        return
    end = step.at + len(step.written)
    if len(content) < step.at:
        content.extend(bytes(step.at - len(content)))
    content[step.at : end] = step.written


def is_whole(path: Path) -> bool:
    """Whether SQLite finds no fault in the database, once it has taken up what its log holds."""
    connection = sqlite3.connect(path)
    try:
        return bool(connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)])
    finally:
        connection.close()
