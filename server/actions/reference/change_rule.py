"""Give a rule another number from a coming date on. What is past stays judged by the number that held then."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from server.actions.reference.check_codes import wrong
from server.actions.reference.load_reference import mark_changed, rules_in_force
from server.actions.reference.publish_reference import publish_reference
from server.models.audit import Deed, record_deed
from server.models.reference import Reference
from server.models.tx import Tx
from server.rules.calendar import local_date_of
from server.rules.from_rows import Row
from server.rules.plain_text import cleaned
from server.rules.reference_faults import reference_faults

NOUN = "rules"
MARKS = {"F": "已读到公布的原文", "M": "凭记忆, 待核对", "P": "本单位建议值"}
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class NewNumber:
    """What a rule is to be from `valid_from` (a local date) on, and where the number comes from."""

    code: str
    value: float
    source: str
    mark: str
    valid_from: str


def read_number(given: Mapping[str, Any]) -> NewNumber:
    """A new number as somebody typed it. Raises Problem 422."""
    text = str(given.get("value", "")).strip()
    if not _NUMBER.fullmatch(text):
        raise wrong("value", "请填写数字, 小数点用半角。")
    value = float(text)
    return NewNumber(
        str(given.get("code", "")),
        int(value) if value == math.floor(value) and "." not in text else value,
        cleaned(str(given.get("source", ""))),
        str(given.get("mark", "")),
        str(given.get("valid_from", "")).strip(),
    )


def check_number(session: Session, new: NewNumber, now_ms: int) -> Row:
    """The row that the new one follows. Raises Problem 422 for a number that cannot be, and for a date that has begun."""
    rows = rules_in_force(session).rows[NOUN]
    before = _before(rows, new)
    if before is None:
        raise wrong("code", f"没有规则 {new.code}。")
    if before.get("fixed"):
        raise wrong("code", "这个数由同步约定决定, 不能修改。")
    if new.valid_from <= local_date_of(now_ms):
        raise wrong("valid_from", "起用日期应在今天之后: 过去的判定不变。")
    made = {**before, **_data(before, new), "code": new.code, "from": new.valid_from, "to": None}
    made["source"] = new.source
    others = {noun: some for noun, some in rules_in_force(session).rows.items() if noun != NOUN}
    for fault in reference_faults({NOUN: [made]}, others):
        name, _, message = fault.what.partition(": ")
        raise wrong({"from": "valid_from"}.get(name, name), message or name)
    return before


def change_number(tx: Tx, new: NewNumber, by: str | None) -> None:
    """The row before ends where the new one begins; one that was to begin on the same day is replaced. Tablets get both.
    Raises Problem 422 as `check_number`."""
    session, now_ms = tx.session, tx.now_ms
    before = check_number(session, new, now_ms)
    old = session.get_one(Reference, (NOUN, new.code, before["from"]))
    later = [row["from"] for row in rules_in_force(session).rows[NOUN] if row["code"] == new.code]
    until = min((day for day in later if day > new.valid_from), default=None)
    if old.valid_to is None or old.valid_to > new.valid_from:
        old.valid_to = new.valid_from
    row = session.get(Reference, (NOUN, new.code, new.valid_from))
    if row is None:
        row = Reference(noun=NOUN, code=new.code, valid_from=new.valid_from)
        session.add(row)
    row.valid_to, row.source, row.data = until, new.source, _data(before, new)
    mark_changed(session)
    publish_reference(session, tx.seals, now_ms)
    changes = {"value": (before["value"], new.value), "valid_from": (before["from"], new.valid_from)}
    changes |= {"source": (before["source"], new.source), "mark": (before["mark"], new.mark)}
    record_deed(session, Deed("rule_changed", by, str(before["name"]), new.code, changes), now_ms)


def _before(rows: Sequence[Row], new: NewNumber) -> Row | None:
    """The latest version that begins earlier."""
    own = [row for row in rows if row["code"] == new.code and row["from"] < new.valid_from]
    own = own or [row for row in rows if row["code"] == new.code]
    return max(own, key=lambda row: str(row["from"]), default=None)


def _data(before: Row, new: NewNumber) -> dict[str, Any]:
    kept = {name: before[name] for name in before if name not in ("code", "source", "from", "to")}
    return {**kept, "value": new.value, "mark": new.mark}
