"""What scope `ref` brings besides duties and forms: numbers, slots, kinds of places and sites, units, and words.

Server-owned reference data; a record for each code and date of effect."""

from __future__ import annotations

from schemas import limits
from schemas.fields import Body, choice, coded, day, many, matching, nested, number, text, uuid, yes_no
from schemas.kind import Kind
from schemas.reference import (
    DISTRICT_MESSAGE,
    DISTRICT_PATTERN,
    LINE_MESSAGE,
    LINE_PATTERN,
    REPORTED_TO,
    TIME_MESSAGE,
    TIME_PATTERN,
)


class DatedBody(Body):
    """What every row says: its code and name, where it comes from, and from when to when it holds (local dates)."""

    code = matching("代码", f"^[A-Za-z0-9_:.-]{{1,{limits.REFERENCE_CODE_MAX}}}$", "应为代码。")
    name = text("名称", limits.LABEL_MAX)
    source = text("依据", limits.SOURCE_MAX)
    mark = choice("标记", ("F", "M", "P"))
    valid_from = day("起用日期", optional=True)
    valid_to = day("停用日期", optional=True)


class RuleBody(DatedBody):
    """A number that something is judged by."""

    value = number("数值", 0, limits.RULE_VALUE_MAX)
    unit = text("单位", limits.UNIT_MAX)


class SlotBody(DatedBody):
    """The usual times of a part of the day."""

    opens = matching("开始", TIME_PATTERN, TIME_MESSAGE)
    due = matching("截止", TIME_PATTERN, TIME_MESSAGE)


class PlaceKindBody(DatedBody):
    """A sort of place; `living`: people live or eat there."""

    living = yes_no("有人食宿")


class SiteKindBody(DatedBody):
    """A sort of site; `unit`: the first receiver of its flags."""

    unit = coded("主管科室")
    rests = choice("休息日", ("official", "holidays", "never"))
    # Of a person: usual fields for which it does not ask, and others for which it does.
    worker_optional = many("人员可不填", coded("人员可不填"), limits.WORDS_MAX, optional=True)
    worker_required = many("人员另须填", coded("人员另须填"), limits.WORDS_MAX, optional=True)


class RiskAreaBody(DatedBody):
    """A division at risk, by its code; `since`: the first day of a stay that counts, where the list says one."""

    level = choice("级别", ("high", "medium", "named"))
    since = day("起算日期", optional=True)


class UnitBody(DatedBody):
    """A unit that receives flags."""


class ReportLineBody(DatedBody):
    """Whom a case is reported to, and by which number; `site` and `district`: where alone it holds."""

    part = choice("报给", REPORTED_TO)
    dial = matching("电话", LINE_PATTERN, LINE_MESSAGE, optional=True)
    district = matching("区县", DISTRICT_PATTERN, DISTRICT_MESSAGE, optional=True)
    site = uuid("地点编号", optional=True)


class WordBody(Body):
    """What people read for a code."""

    code = matching("代码", f"^[A-Za-z0-9_:.-]{{1,{limits.REFERENCE_CODE_MAX}}}$", "应为代码。")
    word = text("名称", limits.LABEL_MAX)


class FieldWordsBody(Body):
    """A field's title, and the words of its list."""

    field = coded("字段")
    title = text("名称", limits.LABEL_MAX)
    words = many("用语", nested("用语", WordBody), limits.WORDS_MAX, optional=True)


class WordsBody(Body):
    """What people read of a kind of records that is no form, which has its own words."""

    code = coded("记录类型")
    name = text("名称", limits.LABEL_MAX)
    items = many("字段", nested("字段", FieldWordsBody), limits.WORDS_MAX)


KINDS_OF_REF = (
    Kind("rule", "规则", "server", RuleBody),
    Kind("slot", "时段名", "server", SlotBody),
    Kind("place_kind", "场所类型", "server", PlaceKindBody),
    Kind("site_kind", "地点类型", "server", SiteKindBody),
    Kind("unit", "单位", "server", UnitBody),
    Kind("risk_area", "风险地区", "server", RiskAreaBody),
    Kind("report_line", "报备电话", "server", ReportLineBody),
    Kind("words", "用语", "server", WordsBody),
)
