"""What can be wrong with an uploaded file as a whole, with what its owner can do about it."""

from __future__ import annotations

from schemas.limits import ROSTER_BYTES_MAX, ROSTER_PEOPLE_MAX
from server.base.problems import Problem

_SAVE_ANEW = "请用表格软件打开并另存为新的 .xlsx 文件后上传。"


def empty() -> Problem:
    return Problem(422, "file_empty", "文件是空的", "请重新导出后上传。")


def too_large() -> Problem:
    return Problem(413, "file_too_large", "文件太大", f"一个文件不超过 {ROSTER_BYTES_MAX >> 20} MB。")


def unknown_type() -> Problem:
    return Problem(415, "file_type_unknown", "不是表格文件", "请上传 .xlsx、.xls、.ods 或 .csv 文件。")


def web_page() -> Problem:
    detail = (
        "文件内容是网页 (HTML), 只是名字像表格, 看不出哪些号码是文本。请在导出的系统里改选 .xlsx 或 .csv; 只能导出网页的, "
        "请用表格软件新建表格, 把证件号码一列设为“文本”, 再复制粘贴进去, 存为 .xlsx 后上传。"
    )
    return Problem(415, "file_is_web_page", "这是网页, 不是表格文件", detail)


def unknown_encoding(status: int, line: int) -> Problem:
    detail = f"第 {line} 行有无法识别的字符。请改正这一行, 或另存为 .xlsx、UTF-8 编码的 .csv 后上传。"
    return Problem(status, "encoding_unknown", "看不懂文件的编码", detail, line=line)


def damaged() -> Problem:
    return Problem(422, "file_damaged", "文件已损坏, 无法打开", _SAVE_ANEW)


def encrypted() -> Problem:
    return Problem(422, "file_encrypted", "文件有密码", "请取消密码后上传。")


def has_macros() -> Problem:
    return Problem(422, "file_has_macros", "文件里有宏", "请另存为不含宏的 .xlsx 文件后上传。")


def forbidden_xml() -> Problem:
    detail = "文件里有外部实体或文档类型声明。" + _SAVE_ANEW
    return Problem(422, "file_has_forbidden_xml", "文件内容不被接受", detail)


def too_many_parts() -> Problem:
    return Problem(413, "file_has_too_many_parts", "文件结构异常", _SAVE_ANEW)


def inflates() -> Problem:
    return Problem(413, "file_inflates_too_much", "文件解压后太大", "请删去名册以外的内容后上传。")


def too_many_sheets(most: int) -> Problem:
    return Problem(422, "too_many_sheets", "工作表太多", f"一个文件最多 {most} 张表。")


def too_wide(most: int) -> Problem:
    return Problem(422, "sheet_too_wide", "列数太多", f"一张表最多 {most} 列, 请删去多余的列。")


def far_cells() -> Problem:
    detail = "远处有零散的格子。请只把名册复制到新文件后上传。"
    return Problem(422, "sheet_too_wide", "表格的范围太大", detail)


def too_long() -> Problem:
    return Problem(
        422, "sheet_too_long", "行数太多", f"一个文件最多 {ROSTER_PEOPLE_MAX} 人, 请分成几个文件。"
    )


def line_too_long() -> Problem:
    detail = "这不像一份名册。请检查文件的换行, 或另存为 .xlsx 后上传。"
    return Problem(422, "line_too_long", "有一行太长", detail)
