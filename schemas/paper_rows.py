"""Rows of reference data that papers are made of: templates, bases, remedies, number series, officers, the page, and what
is known of the bureau."""

from __future__ import annotations

from marshmallow import RAISE

from schemas import limits
from schemas.fields import choice, coded, many, matching, text, whole, yes_no
from schemas.reference_row import RowBody

POWERS = {
    "order": "责令改正",
    "stop": "责令停止施工",
    "correct": "纠正",
    "advice": "建议",
    "transfer": "移送",
    "none": "不需要",
}
PAGES = {"form": "表格文书", "letter": "公函"}
ISSUERS = {"bureau": "本机关", "party": "当事人", "section": "科室"}
WRITERS = {"inspector": "检查员", "section": "科室", "brigade": "监察支队", "contractor": "施工单位"}
_CERTIFICATE, _CERTIFICATE_MESSAGE = "^[A-Za-z0-9-]{4,30}$", "执法证号应为 4 到 30 位字母、数字或横线。"


class _PaperRow(RowBody):
    class Meta(RowBody.Meta):
        unknown = RAISE  # a field that nobody reads may be meant to be printed


class PaperKindRow(_PaperRow):
    """A template. `lines` are written in the small language of server/rules/papers/template.py."""

    code = coded("代码")
    name = text("名称", limits.LABEL_MAX)
    page = choice("版式", PAGES)
    issuer = choice("谁出具", ISSUERS)
    power = choice("依据的权限", POWERS)
    numbering = coded("文号", optional=True)
    officers = whole("执法人员", 0, limits.PAPER_OFFICERS_MAX)
    remedy = yes_no("告知救济")
    stub = yes_no("存根和骑缝")
    writers = many("谁拟", choice("谁拟", WRITERS), len(WRITERS))
    required = many("必填", coded("必填"), limits.PAPER_LINES_MAX)
    copies = many("各份给谁", text("各份给谁", limits.LABEL_MAX), limits.PAPER_COPIES_MAX)
    lines = many("正文", text("正文", limits.NOTE_MAX), limits.PAPER_LINES_MAX, min_length=1)


class BasisRow(_PaperRow):
    """What a paper may rest on. `duties`: of which flags (none: of any); `hazard`: only where an accident hazard was found;
    `applies`: when it fits, for whoever drafts."""

    code = coded("代码")
    name = text("名称", limits.LABEL_MAX)
    power = choice("权限", POWERS)
    law = text("依据条款", limits.NOTE_MAX)
    broken = text("违反条款", limits.NOTE_MAX, optional=True)
    duties = many("职责", text("职责", limits.REFERENCE_CODE_MAX), limits.PLACES_MAX)
    hazard = yes_no("须有事故隐患")
    applies = text("只限", limits.LABEL_MAX, optional=True)


class RemedyRow(_PaperRow):
    """What a party may do against an order."""

    code = coded("代码")
    name = text("名称", limits.LABEL_MAX)
    organs = many("复议机关", text("复议机关", limits.LABEL_MAX), limits.PAPER_COPIES_MAX, min_length=1)
    review_days = whole("复议期限 (日)", 1, limits.PAPER_REVIEW_DAYS_MAX)
    suit_months = whole("起诉期限 (月)", 1, limits.PAPER_SUIT_MONTHS_MAX)
    line = text("告知", limits.NOTE_MAX)


class NumberSeriesRow(_PaperRow):
    """The word of a number (文号); without one nobody has said it yet."""

    code = coded("代码")
    name = text("名称", limits.LABEL_MAX)
    word = text("文号的字", limits.UNIT_MAX, optional=True)
    ordinal = yes_no("写“第”字")


class OfficerRow(_PaperRow):
    """An officer with the certificate that is shown on papers."""

    code = coded("代码")
    name = text("姓名", limits.LABEL_MAX)
    certificate = matching("执法证号", _CERTIFICATE, _CERTIFICATE_MESSAGE)
    unit = coded("科室")
    user = text("登录名", limits.LABEL_MAX, optional=True)


class PaperPageRow(_PaperRow):
    """Fonts (each the first that is there) and the free space for the seal."""

    code = choice("版式", PAGES)
    name = text("名称", limits.LABEL_MAX)
    body_fonts = many("正文字体", text("正文字体", limits.LABEL_MAX), limits.PAPER_COPIES_MAX, min_length=1)
    title_fonts = many("标题字体", text("标题字体", limits.LABEL_MAX), limits.PAPER_COPIES_MAX, min_length=1)
    heading_fonts = many(
        "小标题字体", text("小标题字体", limits.LABEL_MAX), limits.PAPER_COPIES_MAX, min_length=1
    )
    seal_mm = whole("印章处 (毫米)", 30, 60)


class BureauFactRow(_PaperRow):
    """What papers say of the bureau. Without `value` it is a question, and a draft says 待填."""

    code = coded("代码")
    name = text("名称", limits.LABEL_MAX)
    question = text("请问", limits.LABEL_MAX)
    value = text("回答", limits.LABEL_MAX, optional=True)


PAPER_ROWS = {
    "paper_kinds": PaperKindRow(),
    "bases": BasisRow(),
    "remedies": RemedyRow(),
    "number_series": NumberSeriesRow(),
    "officers": OfficerRow(),
    "paper_pages": PaperPageRow(),
    "bureau_facts": BureauFactRow(),
}
