"""One person, whatever number of records: who is counted as one."""

from __future__ import annotations

from collections.abc import Iterable

Merge = tuple[str, str]  # the id of a record, and of the one that it was merged into


def person_keys(records: Iterable[tuple[str, str]], merges: Iterable[Merge]) -> dict[str, str]:
    """For each record of a roster, given as (id, certificate digest), the id by which its person is counted: that of the
    first of the person's records in the order given. Records are of one person when they have the same digest, or one was
    merged into the other; a merge that names an unknown record says nothing."""
    ids: dict[
        str, str
    ] = {}  # record → another of the same person, nearer to the one by which they are counted
    first: dict[str, str] = {}
    order: dict[str, int] = {}
    for record_id, digest in records:
        order[record_id] = len(order)
        ids[record_id] = first.setdefault(digest, record_id)
    for other, kept in merges:
        if other in ids and kept in ids:
            one, two = _root(ids, other), _root(ids, kept)
            early, late = (one, two) if order[one] < order[two] else (two, one)
            ids[late] = early
    return {record_id: _root(ids, record_id) for record_id in ids}


def _root(ids: dict[str, str], record_id: str) -> str:
    while ids[record_id] != record_id:
        record_id = ids[record_id]
    return record_id
