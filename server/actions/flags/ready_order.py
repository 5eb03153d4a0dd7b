"""What an order about a flag could say, from what the flag is about; whoever signs it may change every word."""

from __future__ import annotations

from server.actions.flags.list_flags import FlagFile
from server.actions.reference.name_codes import Names
from server.rules.calendar import local_date_of
from server.rules.duties.judge import NOT_SATISFIED, reason_code
from server.rules.flags.ready_phrase import Found, basis, ready_order
from server.rules.from_rows import in_force
from server.rules.rulebook import Rulebook

ORDER = "order_rectification"


def words_of_order(file: FlagFile, names: Names, book: Rulebook) -> str:
    """The words for this flag's order, with the texts on which its duty rested on the day when it opened."""
    missed = [window for window in file.windows if window.state == "missed"]
    shown = [one.reason or "" for one in missed if reason_code(one.reason) == NOT_SATISFIED]
    where = names.places(sorted({(one.place, one.place_id) for one in missed if one.place}, key=str))
    found = Found(
        names.of("duties", file.flag.duty),
        where,
        [one.local_date for one in missed],
        [one.local_date for one in file.windows if one.state == "silent"],
        shown[-1].partition(": ")[2] if shown else "",
    )
    row = in_force(book.rows["duties"], file.flag.duty, local_date_of(file.flag.opened_ms))
    texts = basis(row["source"], row["mark"]) if row is not None else ""
    return ready_order(file.site.name, found, texts)
