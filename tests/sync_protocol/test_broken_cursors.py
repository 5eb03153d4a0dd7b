"""A cursor comes back as it was given, and anything else is a reset, never an error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.cursor import MAX_CURSOR_CHARS, MAX_SEQ, decode, encode

epochs = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
seqs = st.integers(0, MAX_SEQ)


@given(epochs, seqs)
def test_a_cursor_comes_back(epoch: str, seq: int) -> None:
    cursor = encode(epoch, seq)
    assert decode(cursor) == (epoch, seq)
    assert len(cursor) <= MAX_CURSOR_CHARS


@given(st.text(max_size=80))
def test_any_text_is_a_cursor_or_none(text: str) -> None:
    position = decode(text)
    assert position is None or encode(*position) == text


@given(epochs, seqs, st.data())
def test_a_changed_cursor_is_none_or_another_cursor_of_its_own(
    epoch: str, seq: int, data: st.DataObject
) -> None:
    cursor = encode(epoch, seq)
    at = data.draw(st.integers(0, len(cursor)))
    changed = cursor[:at] + data.draw(st.text(max_size=3)) + cursor[at + data.draw(st.integers(0, 3)) :]
    position = decode(changed)
    assert position is None or encode(*position) == changed


@pytest.mark.parametrize(
    ("epoch", "seq"), [("", 1), ("a|b", 1), ("a" * 65, 1), ("a", -1), ("a", MAX_SEQ + 1)]
)
def test_what_could_not_come_back_is_not_made(epoch: str, seq: int) -> None:
    with pytest.raises(ValueError, match="no cursor"):
        encode(epoch, seq)
