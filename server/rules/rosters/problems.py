"""Everything that can be wrong with a row of a roster: a stable code, what is wrong, what to do, and why.

An `error` keeps the row out, a `warning` lets it in and is shown. A code is never given another meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from schemas.certificates import CERTIFICATE_WORDS
from schemas.certificates import PROBLEMS as CERTIFICATE_PROBLEMS

Weight = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Known:
    """One entry of the catalogue."""

    weight: Weight
    message: str
    remedy: str
    source: str


class Found(NamedTuple):
    """One problem of one row. `field`: the column it is about, None for the whole row; `other`: another row's
    number in the sheet, where there is one."""

    code: str
    field: str | None
    other: int | None = None


_GB = "GB 11643-1999"
_REAL_NAME = "建筑工人实名制管理办法 (建市〔2019〕18号), 待核对原文"
_OURS = "本系统建议值, 供主管科室修改"
_LABOUR = "劳动法 第15条; 禁止使用童工规定 (国务院令第364号)"
_SPREADSHEET = "电子表格数值只有 15 位有效数字"
_FORMS = {
    "void_15_digit": "居民身份证法 第23条",
    "id_card_form": _GB,
    "hmt_residence_form": "港澳台居民居住证申领发放办法 (国办发〔2018〕81号)",
    "foreign_permanent_form": "外国人永久居留身份证号码规则",
    "loose_form": _OURS,
    "birth_date": _GB,
    "check_character": _GB,
}


def _error(message: str, remedy: str, source: str = _OURS) -> Known:
    return Known("error", message, remedy, source)


def _warning(message: str, remedy: str, source: str = _OURS) -> Known:
    return Known("warning", message, remedy, source)


CATALOGUE: Mapping[str, Known] = {
    "name_missing": _error("没有姓名。", "请填写姓名。", _REAL_NAME),
    "name_form": _error("姓名里有不该有的符号、号码, 或者没有文字。", "请按证件填写姓名。"),
    "name_digits": _warning("姓名里有数字。", "同名的人以证件号码区分, 姓名请按证件填写。"),
    "name_long": _error("姓名超过 50 个字。", "请按证件填写姓名。"),
    "certificate_missing": _error("没有证件号码。", "请按证件填写号码。", _REAL_NAME),
    "certificate_numeric": _error(
        "证件号码是数字格式, 表格软件只保留前 15 位, 后面几位已经丢失。",
        "请把这一格的格式改成“文本”, 对照证件重新输入 18 位号码。",
        _SPREADSHEET,
    ),
    "certificate_rounded": _error(
        "号码末尾是 000, 很可能已被表格软件改写。",
        "请对照证件核对; 号码确实如此的, 请改用 .xlsx 文件, 把这一格设为“文本”后上传。",
        _SPREADSHEET,
    ),
    "certificate_maybe_rounded": _warning(
        "号码末尾是 000, 可能曾被表格软件改写。", "请对照证件核对后三位。", _SPREADSHEET
    ),
    "certificate_masked": _error("证件号码被星号遮盖。", "请填写完整的号码。"),
    "certificate_type_missing": _error("看不出是哪一种证件。", "请增加“证件类型”一列, 写明护照、居住证等。"),
    "certificate_type_contradicts": _error(
        "号码的样子是身份证号码, 证件类型写的却是护照或通行证。", "请对照证件, 改正类型或号码。"
    ),
    "certificate_type_unknown": _error(
        "不认识这种证件类型。",
        f"请填写: {'、'.join(CERTIFICATE_WORDS.values())}。",
    ),
    **{
        code: _error(CERTIFICATE_PROBLEMS[code], "改正后重新上传。", source)
        for code, source in _FORMS.items()
    },
    "under_age": _error("未满 16 周岁, 不得招用。", "请核对证件; 属实的, 应立即安排离场。", _LABOUR),
    "over_age": _error("按号码计算, 年龄大得不可能。", "请对照证件检查第 7 到 10 位。"),
    "minor": _warning(
        "16 至 17 周岁, 属于未成年工。", "不得安排繁重、高处等禁忌作业, 并应办理登记。", "劳动法 第58、64条"
    ),
    "company_form": _error(
        "统一社会信用代码的写法不对。", CERTIFICATE_PROBLEMS["company_form"], "GB 32100-2015"
    ),
    "company_check_character": _error(
        "统一社会信用代码的校验位不符。", CERTIFICATE_PROBLEMS["company_check_character"], "GB 32100-2015"
    ),
    "company_not_yours": _error(
        "这一行写的是另一家企业。", "只能上传本企业的人员; 其他企业的请由其劳资专管员上传。"
    ),
    "team_missing": _error("没有班组。", "请填写班组名称。", _REAL_NAME),
    "team_long": _error("班组名称超过 50 个字。", "请缩短班组名称。"),
    "team_from_title": _warning(
        "没有写班组, 按工作表名称、表头上方或分组标题里的班组填写。", "请核对班组名称。"
    ),
    "team_filled": _warning("班组空白, 按上一行填写。", "请核对是否属于同一班组。"),
    "cell_filled": _warning("这一格属于合并单元格, 按合并的内容填写。", "请核对此人是否也是如此。"),
    "trade_missing": _warning("没有工种, 按“其他”登记。", "请填写工种。"),
    "trade_unknown": _warning("工种表里没有这个名称, 按“其他”登记。", "请从工种表中选择。"),
    "trade_not_listed": _warning("工种表里没有这个代码, 按所写的登记。", "请从工种表中选择。"),
    "role_unknown": _error("人员类别应为建筑工人或管理人员。", "请填写“建筑工人”或“管理人员”。"),
    "contract_unknown": _warning("不认识这种合同类型, 未登记。", "请填写“劳动合同”或“用工书面协议”。"),
    "yes_no_unknown": _warning("应填写是或否, 未登记。", "请填写“是”或“否”。"),
    "phone_form": _error("手机号不对。", "应为 1 开头的 11 位手机号; 没有的请留空。"),
    "dormitory_long": _error("宿舍超过 50 个字。", "请缩短宿舍名称。"),
    "text_long": _error("字数超过规定。", "请缩短。"),
    "value_unknown": _warning("不认识这个名称, 未登记。", "请从规定的名称中选择。"),
    "value_unfit": _error("写法不对。", "请按这一列的要求填写; 没有的请留空。"),
    "value_missing": _error("没有填写。", "这类地点要求填写这一项。"),
    "entered_on_missing": _error("没有进场日期。", "请填写进场日期, 如 2021-12-01。"),
    "date_form": _error("看不懂这个日期。", "请写成 2021-12-01 这样的年月日。"),
    "date_unreal": _error("没有这一天。", "请核对年月日。"),
    "date_future": _error("日期在今天之后。", "请填写实际发生的日期。"),
    "date_early": _error("日期早得不可能。", "请核对年份。"),
    "exit_before_entry": _error("退场日期早于进场日期。", "请核对两个日期。"),
    "before_last_event": _error("进场日期早于已登记的退场日期。", "再次进场的, 进场日期应晚于上次退场。"),
    "exit_before_last_event": _error(
        "退场日期之后, 此人在这里还有进出场或测温记录。", "退场日期不能早于最后一次记录, 请核对。"
    ),
    "duplicate_row": _error("同一个人在文件里重复出现。", "请只保留一行。"),
    "two_names": _error("这个证件号码在文件里属于另一个姓名。", "请对照证件, 改正其中一行。"),
    "two_numbers": _warning(
        "文件里有同名、证件号码不同的另一行。", "同名的两个人无妨; 同一个人的请只保留正确的一行。"
    ),
    "shared_number": _warning(
        "文件里另一行用了同一个证件号码、不同的姓名。", "请对照证件核对两行, 只保留正确的一行。"
    ),
    "name_differs": _error(
        "这个证件号码登记在另一个姓名下。",
        "请对照证件改正姓名或号码; 确实改名的, 请先由检查人员在平板上修改姓名。",
    ),
    "name_spelt_differently": _warning("与已登记的姓名写法不同。", "请对照证件核对; 提交后以本文件为准。"),
    "known_by_other_number": _warning(
        "本企业在这里已登记有同名、证件号码不同的人。",
        "同名的两个人无妨; 同一个人的请对照证件核对号码。",
    ),
    "active_elsewhere": _warning(
        "此人在另一处也登记在场。", "一人可以在两处务工; 已离开的请在原处办理退场。"
    ),
    "hidden_row": _warning("这一行在表格里是隐藏的。", "请确认此人应当登记。"),
}


def is_error(found: Found) -> bool:
    return CATALOGUE[found.code].weight == "error"
