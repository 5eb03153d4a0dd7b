"""Whatever is uploaded is refused clearly, quickly and in bounded memory; only a Problem is ever raised."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.base.problems import Problem
from server.files.read_workbook import Workbook, read_workbook
from tests.server.rosters.crafted_workbooks import (
    OLE,
    SHEET,
    one_sheet,
    package,
    sheet_xml,
    xls,
    xls_text,
    zipped,
)
from tests.server.rosters.hostile import HOSTILE, Hostile
from tests.server.rosters.people import person
from tests.stories.rosters.uploads import people_file

ROOT = Path(__file__).parents[3]
MEMORY = 700 << 20  # bytes over what the process had
CPU_S = 5  # of one file; most take a hundredth. The bound is for slow machines, not for slow code

SOUND = people_file(*map(person, range(40)))
OLD = xls(b"".join(xls_text(n, 0, 0) for n in range(50)), ["姓名"])


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.what)
def test_each_gets_its_own_refusal(hostile: Hostile) -> None:
    with pytest.raises(Problem) as refusal:
        read_workbook(hostile.make())
    assert (refusal.value.status, refusal.value.code) == (hostile.status, hostile.code)


_READ_IN_LITTLE_MEMORY = f"""
import os, resource, sys, time
from server.files.read_workbook import read_workbook
from server.base.problems import Problem
held = int(open("/proc/self/statm").read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
data = sys.stdin.buffer.read()
resource.setrlimit(resource.RLIMIT_AS, (held + len(data) + {MEMORY},) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + {CPU_S} + 1,) * 2)
try:
    read_workbook(data)
    print("read")
except Problem as problem:
    print(problem.code)
"""


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.what)
def test_each_is_refused_in_little_memory_and_time(hostile: Hostile) -> None:
    """A process of its own, because what breaks its bounds ends it."""
    script = [sys.executable, "-c", _READ_IN_LITTLE_MEMORY]
    done = subprocess.run(
        script, input=hostile.make(), capture_output=True, cwd=ROOT, env=os.environ, check=False
    )
    assert (done.returncode, done.stdout.decode().strip()) == (0, hostile.code), done.stderr.decode()[-2_000:]


def _read(data: bytes) -> Workbook | None:
    """A workbook or a Problem of the caller's making; anything else fails the test."""
    try:
        return read_workbook(data)
    except Problem as problem:
        assert problem.status in (413, 415, 422)
        return None


@given(st.binary(max_size=4_000))
def test_random_bytes_never_break_the_reader(noise: bytes) -> None:
    _read(noise)


@given(
    st.sampled_from((b"PK\x03\x04", OLE, b"\xff\xfe", b"\xef\xbb\xbf", OLE + bytes(22) + b"\x09\0\x06\0")),
    st.binary(),
)
def test_random_bytes_behind_a_known_front_never_break_the_reader(front: bytes, noise: bytes) -> None:
    _read(front + noise)


@given(st.sampled_from((SOUND, OLD)), st.data())
def test_a_file_cut_short_never_breaks_the_reader(whole: bytes, data: st.DataObject) -> None:
    _read(whole[: data.draw(st.integers(0, len(whole) - 1))])


@given(st.sampled_from((SOUND, OLD)), st.data())
def test_a_file_with_bytes_changed_never_breaks_the_reader(whole: bytes, data: st.DataObject) -> None:
    broken = bytearray(whole)
    for at, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=6)
    ):
        broken[at] = value
    _read(bytes(broken))


_PIECES = (
    "<row",
    ' r="1"',
    ' r="70000"',
    ">",
    "<c",
    ' r="A1"',
    ' r="ZZ9"',
    ' t="s"',
    "<v>",
    "0",
    "-1",
    "1e99",
    "</v>",
    "</c>",
    "</row>",
)


@given(st.lists(st.sampled_from(_PIECES), max_size=40))
def test_a_sheet_in_pieces_never_breaks_the_reader(pieces: list[str]) -> None:
    _read(zipped(package([sheet_xml("".join(pieces))])))


def test_what_a_sheet_says_of_its_own_size_is_not_believed() -> None:
    cell = '<row r="1"><c r="A1"><v>7</v></c></row>'
    parts = package([sheet_xml(cell).replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')])
    workbook = _read(zipped(parts))
    assert workbook is not None
    assert workbook.sheets[0].rows == [[7]]


def test_a_text_that_many_cells_share_is_let_in_where_it_does_no_harm() -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 20_001))
    shared = f"<sst><si><t>钢筋一班</t></si><si><t>{'说明' * 5_000}</t></si></sst>"
    workbook = _read(one_sheet(rows, texts=shared))
    assert workbook is not None
    assert len(workbook.sheets[0].rows) == 20_000


def test_the_sound_files_of_these_tests_are_read() -> None:
    for data in (SOUND, OLD):
        assert _read(data) is not None
    with zipfile.ZipFile(io.BytesIO(SOUND)) as archive:
        assert SHEET in archive.namelist()
