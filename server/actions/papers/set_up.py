"""What papers need to know of this bureau: each a question, until somebody has answered it in a dated row."""

from __future__ import annotations

from dataclasses import dataclass

from server.models.tx import Tx
from server.rules.calendar import local_date_of
from server.rules.from_rows import holds
from server.rules.papers.writing import written_number

_OFFICERS_MIN = 2


@dataclass(frozen=True, slots=True)
class Question:
    """`answer`: empty while nobody has said it. `noun` and `code`: the row that answers it; no code: a new one."""

    title: str
    asks: str
    answer: str
    noun: str
    code: str = ""


def questions_of(tx: Tx) -> list[Question]:
    """All of them, those without an answer first."""
    date = local_date_of(tx.now_ms)
    rows = {
        noun: [row for row in tx.book.rows[noun] if holds(row, date)]
        for noun in ("bureau_facts", "number_series", "officers")
    }
    asked = [
        Question(row["name"], row["question"], str(row.get("value") or ""), "bureau_facts", row["code"])
        for row in rows["bureau_facts"]
    ]
    for row in rows["number_series"]:
        word = str(row.get("word") or "")
        answer = f"如 {written_number(word, int(date[:4]), 1, bool(row['ordinal']))}" if word else ""
        asked.append(
            Question(f"文号: {row['name']}", "机关代字和文种用的字", answer, "number_series", row["code"])
        )
    names = "、".join(f"{row['name']} ({row['certificate']})" for row in rows["officers"])
    answer = names if len(rows["officers"]) >= _OFFICERS_MIN else ""
    about = f"至少两人, 持河南省行政执法证{f'; 现有 {names}' if names else ''}"
    asked.append(Question("执法人员", about, answer, "officers"))
    return sorted(asked, key=lambda one: bool(one.answer))
