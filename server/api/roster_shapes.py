"""The shapes of rosters: what the endpoints in `rosters` take and give."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from schemas.limits import (
    DATE_LENGTH,
    REASON_MAX,
    REASON_MIN,
    ROSTER_COLUMNS_MAX,
    ROSTER_PEOPLE_MAX,
    ROSTER_SHEETS_MAX,
    TEAM_MAX,
)
from server.actions.rosters.list_rosters import GROUPS
from server.actions.rosters.preview import PROBLEMS_MAX
from server.api.parameters import ZH
from server.api.shapes import Input, at
from server.rules.rosters.fields import FIELDS

ROWS_DEFAULT, ROWS_MAX = 100, 500


class RowQuery(Input):
    group = fields.String(
        load_default="rejected",
        validate=validate.OneOf(GROUPS, error=f"只能是: {', '.join(GROUPS)}。"),
        error_messages=ZH,
    )
    start = fields.Integer(
        load_default=0, validate=validate.Range(0, ROSTER_PEOPLE_MAX, error="超出范围。"), error_messages=ZH
    )
    limit = fields.Integer(
        load_default=ROWS_DEFAULT,
        validate=validate.Range(1, ROWS_MAX, error=f"每页 1 至 {ROWS_MAX} 行。"),
        error_messages=ZH,
    )


class ChosenColumn(Input):
    sheet = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(0, ROSTER_SHEETS_MAX - 1, error="没有这张表。"),
        error_messages=ZH,
    )
    column = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(0, ROSTER_COLUMNS_MAX - 1, error="没有这一列。"),
        error_messages=ZH,
    )
    field = fields.String(
        required=True,
        validate=validate.OneOf(["", *FIELDS], error="没有这种列。"),
        error_messages=ZH,
        metadata={"description": "这一列的含义; 空: 不读取"},
    )


class Given(Input):
    team = fields.String(
        validate=validate.Length(max=TEAM_MAX, error=f"不超过 {TEAM_MAX} 个字。"),
        error_messages=ZH,
        metadata={"description": "没有班组一列时, 所有人的班组; 空: 取消"},
    )
    entered_on = fields.String(
        validate=validate.Length(max=DATE_LENGTH, error="应为 YYYY-MM-DD。"),
        error_messages=ZH,
        metadata={"format": "date", "description": "没有进场日期一列时, 所有人的进场日期; 空: 取消"},
    )


class Columns(Input):
    columns = fields.List(
        fields.Nested(ChosenColumn),
        load_default=list,
        validate=validate.Length(max=ROSTER_SHEETS_MAX * ROSTER_COLUMNS_MAX, error="太多。"),
        error_messages=ZH,
    )
    given = fields.Nested(Given, load_default=dict, error_messages=ZH)


class Commit(Input):
    absent = fields.String(
        load_default="leave",
        validate=validate.OneOf(["leave", "exit"], error="只能是 leave 或 exit。"),
        error_messages=ZH,
        metadata={"description": "名册里没有的在场人员: leave 不变, exit 登记退场"},
    )
    exited_on = fields.String(
        validate=validate.Length(max=DATE_LENGTH, error="应为 YYYY-MM-DD。"),
        error_messages=ZH,
        metadata={"format": "date", "description": "exit 时必填, YYYY-MM-DD, 不晚于今天, 不早于各人进场"},
    )
    people = fields.List(
        fields.UUID(error_messages=ZH),
        validate=validate.Length(max=ROSTER_PEOPLE_MAX, error="太多。"),
        error_messages=ZH,
        metadata={"description": "只登记这些人退场 (记录编号); 不填: 全部"},
    )


class Reason(Input):
    reason = fields.String(
        required=True,
        validate=validate.Length(
            REASON_MIN, REASON_MAX, error=f"请写明事由 ({REASON_MIN} 到 {REASON_MAX} 个字)。"
        ),
        error_messages=ZH,
    )


class ColumnShape(Schema):
    sheet = fields.Integer()
    sheet_name = fields.String()
    column = fields.Integer(metadata={"description": "从 0 起"})
    title = fields.String()
    field = fields.String(allow_none=True, metadata={"description": "建议的含义; null: 不认识, 空: 不读取"})
    sure = fields.Boolean()


class NeededShape(Schema):
    sheet = fields.Integer()
    sheet_name = fields.String()
    field = fields.String()
    title = fields.String()


class UnreadColumnShape(Schema):
    column = fields.Integer(metadata={"description": "从 0 起"})
    title = fields.String()


class UnreadSheetShape(Schema):
    """What of a sheet was not read, and why."""

    sheet = fields.Integer()
    sheet_name = fields.String()
    code = fields.String()
    message = fields.String()


class UnreadColumnsShape(UnreadSheetShape):
    columns = fields.List(fields.Nested(UnreadColumnShape))


class PassedOverShape(UnreadSheetShape):
    count = fields.Integer()
    rows = fields.List(fields.Integer(), metadata={"description": "前几行的行号, 从 1 起"})


class SkippedShape(UnreadSheetShape):
    rows = fields.Integer(metadata={"description": "有内容的行数"})


class RosterShape(Schema):
    id = fields.UUID(attribute="roster.id")
    site = fields.UUID(attribute="roster.site_id")
    company = fields.String(attribute="roster.company")
    name = fields.String(attribute="roster.name")
    state = fields.String(
        attribute="roster.state",
        metadata={"enum": ["received", "mapping", "preview", "committing", "committed", "failed"]},
    )
    counts = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        attribute="roster.counts",
        metadata={
            "description": "进度 done / rows; new, changed, same, rejected, warned, absent; "
            "提交中: written / to_write; 提交后: 生效的 added, edited, exited, 未被接受的 refused"
        },
    )
    columns = fields.List(
        fields.Nested(ColumnShape),
        attribute="roster.details.columns",
        metadata={"description": "请确认的各列"},
    )
    needed = fields.List(
        fields.Nested(NeededShape),
        attribute="roster.details.needed",
        metadata={"description": "还没有哪一列是的必填项"},
    )
    company_above_differs = fields.Boolean(
        attribute="roster.details.company_above_differs",
        metadata={"description": "表头上方写的是另一家企业的代码"},
    )
    unread_columns = fields.List(
        fields.Nested(UnreadColumnsShape),
        attribute="roster.details.unread_columns",
        metadata={"description": "没有读取的列, 按表和原因"},
    )
    passed_over = fields.List(
        fields.Nested(PassedOverShape),
        attribute="roster.details.passed_over",
        metadata={"description": "不是人员、没有读取的行, 按表和原因"},
    )
    skipped = fields.List(
        fields.Nested(SkippedShape),
        attribute="roster.details.skipped",
        metadata={"description": "没有读取的表"},
    )
    problem = fields.Dict(attribute="roster.problem", allow_none=True)
    uploaded = at("roster.made_ms")
    uploaded_by = fields.String()
    judged = at("roster.judged_ms", allow_none=True)
    committed = at("roster.committed_ms", allow_none=True)
    committed_by = fields.String(allow_none=True)


class ProblemShape(Schema):
    code = fields.String()
    weight = fields.String(metadata={"enum": ["error", "warning"]})
    field = fields.String(allow_none=True)
    column = fields.String(allow_none=True, metadata={"description": "文件里的列名"})
    message = fields.String()
    remedy = fields.String()
    source = fields.String()


class PlacedProblemShape(ProblemShape):
    sheet = fields.String()
    number = fields.Integer(metadata={"description": "表格里的行号"})


class OneRosterShape(RosterShape):
    problems = fields.List(
        fields.Nested(PlacedProblemShape),
        metadata={
            "description": f"发现的问题, 错误在前, 最多 {PROBLEMS_MAX} 个; "
            "全部在 `/rows` 的 rejected 和 warned 两类里"
        },
    )
    problems_total = fields.Integer(attribute="roster.details.problems_total")


class RosterPage(Schema):
    items = fields.List(fields.Nested(RosterShape))
    next = fields.String(allow_none=True)


class ChangeShape(Schema):
    field = fields.String()
    title = fields.String()
    to = fields.String()


class RowShape(Schema):
    sheet = fields.String()
    number = fields.Integer(allow_none=True, metadata={"description": "表格里的行号"})
    verdict = fields.String()
    name = fields.String()
    certificate = fields.String(metadata={"description": "已遮盖"})
    team = fields.String()
    trade = fields.String()
    phone = fields.String(metadata={"description": "已遮盖"})
    entered_on = fields.String()
    record = fields.UUID(allow_none=True)
    changes = fields.List(fields.Nested(ChangeShape))
    problems = fields.List(fields.Nested(ProblemShape))


class RowPage(Schema):
    items = fields.List(fields.Nested(RowShape))
    total = fields.Integer()
