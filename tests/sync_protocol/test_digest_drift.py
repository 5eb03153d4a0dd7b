"""A digest kept up to date by adding and subtracting is the one that a full count would give."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.digest import record_digest, to_hex

changes = st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), max_size=40)


@given(changes)
def test_adding_and_subtracting_gives_the_full_sum(changes: list[tuple[str, bool]]) -> None:
    held: dict[str, int] = {}
    revs: dict[str, int] = {}
    running = 0
    for record, is_put in changes:
        if record in held:
            running -= record_digest("worker", record, held.pop(record))
        if is_put:
            revs[record] = held[record] = revs.get(record, 0) + 1
            running += record_digest("worker", record, held[record])
        signed = (running + 2**63) % 2**64 - 2**63  # as a 64-bit column stores it
        total = sum(record_digest("worker", record, rev) for record, rev in held.items())
        assert to_hex(running) == to_hex(signed) == to_hex(total)


@given(st.integers(-(2**70), 2**70))
def test_a_digest_is_always_sixteen_digits(total: int) -> None:
    assert len(to_hex(total)) == 16
    assert int(to_hex(total), 16) == total % 2**64


def test_kind_id_and_rev_all_matter() -> None:
    parts = {record_digest(kind, id, rev) for kind in ("a", "b") for id in ("1", "2") for rev in (1, 2)}
    assert len(parts) == 8
