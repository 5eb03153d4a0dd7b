"""What can be wrong with an uploaded file as a whole, with what its owner can do about it."""

from __future__ import annotations

from schemas.forms.limits import FILE_BYTES_MAX as FORM_BYTES_MAX
from schemas.limits import ROSTER_BYTES_MAX, ROSTER_PEOPLE_MAX
from server.base.catalogue import CATALOGUE
from server.base.problems import Problem

_SAVE_ANEW = "请用表格软件打开并另存为新的 .xlsx 文件后上传。"


def empty() -> Problem:
    return Problem("file_empty")


def too_large() -> Problem:
    return Problem("file_too_large", f"一个文件不超过 {ROSTER_BYTES_MAX >> 20} MB。")


def unknown_type() -> Problem:
    return Problem("file_type_unknown")


def form_too_large() -> Problem:
    return Problem("file_too_large", f"一张表单的文件不超过 {FORM_BYTES_MAX >> 20} MB。")


def form_type_unknown() -> Problem:
    return Problem("file_type_unknown", "表单只能是 .xlsx 文件, 请另存为 .xlsx 后上传。")


def web_page() -> Problem:
    detail = (
        "文件内容是网页 (HTML), 只是名字像表格, 看不出哪些号码是文本。请在导出的系统里改选 .xlsx 或 .csv; 只能导出网页的, "
        "请用表格软件新建表格, 把证件号码一列设为“文本”, 再复制粘贴进去, 存为 .xlsx 后上传。"
    )
    return Problem("file_is_web_page", detail)


def unknown_encoding(status: int, line: int) -> Problem:
    detail = f"第 {line} 行有无法识别的字符。请改正这一行, 或另存为 .xlsx、UTF-8 编码的 .csv 后上传。"
    return Problem(
        "encoding_unknown", detail, CATALOGUE["encoding_unknown"]._replace(status=status), line=line
    )


def damaged() -> Problem:
    return Problem("file_damaged", _SAVE_ANEW)


def encrypted() -> Problem:
    return Problem("file_encrypted")


def has_macros() -> Problem:
    return Problem("file_has_macros")


def forbidden_xml() -> Problem:
    detail = "文件里有外部实体或文档类型声明。" + _SAVE_ANEW
    return Problem("file_has_forbidden_xml", detail)


def too_many_parts() -> Problem:
    return Problem("file_has_too_many_parts", _SAVE_ANEW)


def inflates() -> Problem:
    return Problem("file_inflates_too_much")


def too_many_sheets(most: int) -> Problem:
    return Problem("too_many_sheets", f"一个文件最多 {most} 张表。")


def too_wide(most: int) -> Problem:
    return Problem("sheet_too_wide", f"一张表最多 {most} 列, 请删去多余的列。")


def far_cells() -> Problem:
    detail = "远处有零散的格子。请只把名册复制到新文件后上传。"
    return Problem("sheet_too_wide", detail)


def too_long() -> Problem:
    return Problem("sheet_too_long", f"一个文件最多 {ROSTER_PEOPLE_MAX} 人, 请分成几个文件。")


def line_too_long() -> Problem:
    detail = "这不像一份名册。请检查文件的换行, 或另存为 .xlsx 后上传。"
    return Problem("line_too_long", detail)


def rows(message: str) -> Problem:
    """Of the rows of a list; the message says which."""
    return Problem("invalid_input", message, errors={"/file": [message]})
