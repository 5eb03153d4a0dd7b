"""Papers of the demo city: made-up answers to what they ask about the bureau, and papers that its people write."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from server.actions.papers.sealed_words import draft_of
from server.actions.papers.serve_paper import Served, serve_paper
from server.actions.papers.write_paper import Typed, edit_paper, sign_paper, start_paper
from server.actions.reference.edit_rows import NewRow, edit_rows
from server.actions.reference.load_reference import SEED_DATA
from server.models.access import Viewer
from server.models.tx import Tx
from server.rules.calendar import HOUR_MS, add_days, local_date_of
from server.rules.from_rows import in_force
from server.rules.papers.fields import FIELDS


def answer_for_papers(tx: Tx) -> None:
    """The answers of seed_data/demo/bureau.json: from the day after on where the shipped row is a question, officers at
    once."""
    said = json.loads((SEED_DATA / "demo" / "bureau.json").read_text("utf-8"))
    today = local_date_of(tx.now_ms)
    dated = {"source": said["source"], "mark": "P", "to": None}
    rows = []
    for noun, given in said["rows"].items():
        for one in given:
            before = in_force(tx.book.rows[noun], one["code"], today)
            begins = today if before is None else add_days(today, 1)
            rows.append(NewRow(noun, {**(before or {}), **one, **dated, "from": begins}))
    edit_rows(tx, rows)


def write_paper(tx: Tx, viewer: Viewer, flag_id: str, said: Mapping[str, Any]) -> None:
    """Draft a paper of this kind with these words, sign it, and serve it where `served` says how. Moments are given as hours
    from now."""
    paper = start_paper(tx, viewer, flag_id, said["paper"])
    draft = draft_of(tx.seals, paper)
    words = dict(draft["fields"])
    for name, text in said["fields"].items():
        is_moment = FIELDS[name].asks == "moment"
        words[name] = str(tx.now_ms + round(text * HOUR_MS)) if is_moment else text
    edit_paper(tx, viewer, paper.id, Typed(words, said["officers"], draft["basis"]))
    sign_paper(tx, viewer, paper.id)
    if "served" in said:
        serve_paper(tx, viewer, paper.id, Served(at_ms=tx.now_ms, **said["served"]))
