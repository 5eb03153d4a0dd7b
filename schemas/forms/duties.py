"""The sheet `duties` of a workbook: what can be seen of it without the reference data, which loads its rows."""

from __future__ import annotations

from schemas.expressions.check import Known
from schemas.forms.faults import Fault
from schemas.forms.rows import rows_of
from schemas.forms.surroundings import Surroundings
from schemas.forms.survey import Survey
from schemas.forms.tables import Table


def compile_duties(
    table: Table | None, code: str | None, survey: Survey, around: Surroundings, faults: list[Fault]
) -> None:
    """A duty may ask for another kind of records; what must hold is checked where it asks for this form's."""
    for row in rows_of(table, faults):
        row.needed("code", "职责代码")
        row.needed("name", "职责名称")
        row.sentence("name")
        for header in ("from", "to"):
            row.day(header)
        if row.text("evidence") in (None, code):
            row.condition("holds", Known(survey.types, rules=around.rules))
