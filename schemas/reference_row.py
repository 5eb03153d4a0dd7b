"""What every row of reference data has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import EXCLUDE

from schemas import limits
from schemas.fields import Body, Errors, choice, day, text, yes_no


class RowBody(Body):
    """What every row has. A `planned` row says what is to come: it is shown, and not loaded."""

    class Meta:
        unknown = EXCLUDE
        include: ClassVar = {"from": day("起用日期"), "to": day("停用日期", optional=True)}

    code = text("代码", limits.REFERENCE_CODE_MAX)
    source = text("依据", limits.SOURCE_MAX)
    mark = choice("标记", ("F", "M", "P"))
    planned = yes_no("尚未要求", optional=True)

    def problems(self, data: Mapping[str, Any]) -> Errors:
        begins, ends = data.get("from"), data.get("to")
        if isinstance(begins, str) and isinstance(ends, str) and ends <= begins:
            return {"to": ["停用日期应晚于起用日期, 请检查两个日期。"]}
        return {}
