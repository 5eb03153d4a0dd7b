"""What a form is compiled in: what is published on this server, and which codes its reference data has."""

from __future__ import annotations

from schemas.compiled import Versions
from schemas.forms.definition import Form
from schemas.forms.shipped import shipped_codes
from schemas.forms.surroundings import Surroundings
from schemas.kinds import KINDS
from server.rules.from_rows import holds
from server.rules.rulebook import Rulebook

# Records of scope `ref` that are no kinds here, or not yet.
_SERVED = ("form", "risk_area")
CODE_KINDS = frozenset((*KINDS, *_SERVED)).difference(shipped_codes())


def surroundings_of(book: Rulebook, code: str | None, local_date: str) -> Surroundings:
    """What a form of this code is compiled in on a local date."""
    kinds = book.kinds.kinds.values()
    return Surroundings(
        earlier=versions_of(book, code),
        code_kinds=CODE_KINDS,
        kinds=[kind.name for kind in kinds if kind.nature != "server" and not kind.own],
        site_kinds={row["code"] for row in book.rows["site_kinds"]},
        place_kinds={row["code"] for row in book.rows["place_kinds"]},
        rules={row["code"] for row in book.rows["rules"]},
        slots={
            row["code"]: {name: row[name] for name in ("opens", "due", "grace_s")}
            for row in book.rows["slots"]
            if holds(row, local_date)
        },
    )


def versions_of(book: Rulebook, code: str | None) -> list[Form]:
    """The published versions of a form, the oldest first."""
    versions: Versions = book.kinds.forms.get(code or "", {})
    return [versions[number].form for number in sorted(versions)]
