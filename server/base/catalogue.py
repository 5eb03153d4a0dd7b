"""The one numbered catalogue of problems that are not the protocol's own (sync_protocol/outcomes.py has those).

A number is never used again; retired ones stay in RETIRED with the code they had.
"""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """One kind of problem. `title`: what is wrong, `remedy`: what to do about it where a call says nothing closer."""

    number: int
    code: str
    status: int
    title: str
    remedy: str


_ENTRIES = (
    Entry(301, "already_committed", 409, "这份名册已经提交过", ""),
    Entry(302, "ambiguous_site", 409, "工地重名", ""),
    Entry(
        303, "another_open", 409, "已有未销号的标记", "同一工地、同一职责已有一个未销号的标记, 请在那里处理。"
    ),
    Entry(304, "backup_unusable", 422, "备份不能用", ""),
    Entry(305, "bad_request", 400, "请求无法理解", ""),
    Entry(306, "body_invalid", 422, "停工时间不对", "停工的结束必须晚于开始。"),
    Entry(307, "busy", 503, "服务暂时繁忙", "请稍后重试。"),
    Entry(308, "columns_invalid", 422, "列的含义有误", ""),
    Entry(309, "database_damaged", 500, "数据库已损坏", ""),
    Entry(310, "database_differs", 409, "数据库种类不同", ""),
    Entry(311, "database_in_use", 409, "数据库已有数据", ""),
    Entry(312, "dump_failed", 500, "备份工具失败", ""),
    Entry(313, "encoding_unknown", 422, "看不懂文件的编码", ""),
    Entry(314, "erasure_under_way", 409, "请稍后再试", "正在删除个人资料, 完成后才能重算。"),
    Entry(315, "export_invalid", 422, "不能导入这个文件", ""),
    Entry(316, "file_damaged", 422, "文件已损坏, 无法打开", ""),
    Entry(317, "file_empty", 422, "文件是空的", "请重新导出后上传。"),
    Entry(318, "file_encrypted", 422, "文件有密码", "请取消密码后上传。"),
    Entry(319, "file_has_forbidden_xml", 422, "文件内容不被接受", ""),
    Entry(320, "file_has_macros", 422, "文件里有宏", "请另存为不含宏的 .xlsx 文件后上传。"),
    Entry(321, "file_has_too_many_parts", 413, "文件结构异常", ""),
    Entry(322, "file_inflates_too_much", 413, "文件解压后太大", "请删去名册以外的内容后上传。"),
    Entry(323, "file_is_web_page", 415, "这是网页, 不是表格文件", ""),
    Entry(324, "file_missing", 422, "没有文件", ""),
    Entry(325, "file_too_large", 413, "文件太大", ""),
    Entry(326, "file_type_unknown", 415, "不是表格文件", "请上传 .xlsx、.xls、.ods 或 .csv 文件。"),
    Entry(327, "folder_in_use", 409, "文件夹已有内容", ""),
    Entry(328, "forbidden", 403, "没有权限", "只有在用的管理员可以删除个人资料。"),
    Entry(329, "form_expired", 403, "页面已过期", ""),
    Entry(
        330,
        "form_used",
        409,
        "这张表单已经提交过",
        "刚才的提交已经生效。请核对现在的情况, 需要时再提交一次。",
    ),
    Entry(331, "given_invalid", 422, "统一填写的内容有误", ""),
    Entry(332, "header_not_found", 422, "看不出哪些列是姓名和证件号码", ""),
    Entry(333, "headers_too_large", 431, "请求头太大", ""),
    Entry(334, "illegal_move", 409, "现在不能这样做", "标记的状态不允许这一步, 请刷新页面看现在可以做什么。"),
    Entry(335, "internal_error", 500, "服务器内部错误", ""),
    Entry(336, "invalid_channel", 422, "通知渠道不正确", ""),
    Entry(337, "invalid_input", 422, "输入有误", ""),
    Entry(338, "key_in_use", 409, "密钥在用", "这是新数据正在用的密钥, 不能停用。"),
    Entry(339, "key_unknown", 404, "没有这把密钥", ""),
    Entry(340, "length_required", 411, "请求缺少长度", ""),
    Entry(341, "line_too_long", 422, "有一行太长", ""),
    Entry(342, "login_failed", 401, "登录失败", ""),
    Entry(343, "malformed_json", 400, "请求正文不是有效的 JSON", ""),
    Entry(344, "media_damaged", 502, "照片已损坏", ""),
    Entry(345, "method_not_allowed", 405, "不支持这种方法", ""),
    Entry(346, "name_taken", 409, "用户名已被使用", ""),
    Entry(347, "not_acceptable", 406, "无法提供所要的格式", ""),
    Entry(348, "not_an_inspector", 409, "不能发放注册码", "只有在用的检查员账号才能注册平板。"),
    Entry(349, "not_assigned", 404, "没有这项分配", ""),
    Entry(350, "not_found", 404, "没有找到", "这条记录不存在, 或者您无权查看。"),
    Entry(351, "not_merged", 409, "没有合并", "名册刚有变动, 请重新打开页面再试。"),
    Entry(352, "not_settled", 409, "不能这样选", ""),
    Entry(353, "person_erased", 410, "名册已清除", ""),
    Entry(354, "person_has_open_case", 409, "现在不能删除", ""),
    Entry(355, "person_is_evidence", 409, "现在不能删除", ""),
    Entry(356, "person_still_here", 409, "现在不能删除", ""),
    Entry(357, "preview_stale", 409, "预览已经过时", ""),
    Entry(358, "range_not_satisfiable", 416, "无法提供所要的范围", ""),
    Entry(359, "rate_limited", 429, "请稍后再试", ""),
    Entry(360, "reference_invalid", 422, "基础数据有误", ""),
    Entry(361, "request_timeout", 408, "请求超时", ""),
    Entry(362, "role_not_allowed", 403, "您的角色不能这样做", "这一步由其他角色的人员办理。"),
    Entry(363, "roster_forgotten", 409, "原文件已按规定删除", "请重新上传文件。"),
    Entry(364, "roster_not_judged", 409, "这份名册还没有读完", ""),
    Entry(365, "roster_not_open", 409, "这份名册不能再改", "请重新上传文件。"),
    Entry(366, "same_person", 409, "不能由同一人办理", "提交整改回复的人不能复查或撤回, 请由另一人办理。"),
    Entry(367, "sealed_data_unreadable", 503, "数据暂时无法解密", "请联系管理员查看 /readyz。"),
    Entry(368, "sheet_is_attendance", 422, "这是考勤表, 不是名册", ""),
    Entry(369, "sheet_is_transposed", 422, "表格横竖颠倒", ""),
    Entry(370, "sheet_too_long", 422, "行数太多", ""),
    Entry(371, "sheet_too_wide", 422, "列数太多", ""),
    Entry(372, "stale_rev", 409, "标记已有变化", "您看到的不是最新情况, 请核对后再操作。"),
    Entry(373, "too_large", 413, "请求太大", ""),
    Entry(374, "too_many_photos", 422, "照片太多", ""),
    Entry(375, "too_many_sheets", 422, "工作表太多", ""),
    Entry(376, "tool_missing", 503, "缺少工具", ""),
    Entry(377, "unauthenticated", 401, "请先登录", ""),
    Entry(378, "unknown_columns", 422, "列名不对", ""),
    Entry(379, "unknown_device_class", 422, "没有这种设备", ""),
    Entry(380, "unknown_person", 404, "没有这个人", ""),
    Entry(381, "unknown_sheets", 422, "没有可导入的工作表", ""),
    Entry(382, "unknown_site", 404, "没有这个工地", ""),
    Entry(383, "unknown_user", 404, "没有这个用户", ""),
    Entry(384, "unsupported_media_type", 415, "不支持这种内容类型", "请求正文必须是 application/json。"),
    Entry(385, "uri_too_long", 414, "地址太长", ""),
    Entry(
        386,
        "password_change_needed",
        401,
        "请先更换一次性密码",
        "请在网页上登录 (/console/), 把一次性密码换成自己的密码。",
    ),
    Entry(387, "one_time_password_over", 401, "一次性密码已过期", "请管理员重设, 再用新的一次性密码登录。"),
    Entry(
        388,
        "administrator_by_command",
        409,
        "管理员账号不在网页上办理",
        "管理员两人互相批准, 所以其账号的新增、恢复和重设密码由服务器上的命令办理: gongdi user。",
    ),
    Entry(389, "not_yourself", 409, "不能停用自己", "请另一位管理员办理。"),
    Entry(390, "key_needed", 409, "这把密钥还有用", ""),
    Entry(
        397,
        "approval_needed",
        409,
        "须由管理员批准",
        "人数较多, 一个人不能导出完整号码。请写明事由提议, 管理员批准后再导出。",
    ),
    Entry(391, "proposal_decided", 409, "这项提议已经办结", "请看它现在的状态; 仍需要时重新提议。"),
    Entry(392, "proposal_expired", 409, "这项提议已经过期", "没有在期限内批准。仍需要时请重新提议。"),
    Entry(
        393,
        "second_person_needed",
        409,
        "须由第二个人批准",
        "提议的人不能自己批准或驳回, 请另一位管理员办理。",
    ),
    Entry(394, "not_your_proposal", 409, "只有提议的人可以撤回", "您可以驳回它, 并写明理由。"),
    Entry(
        398,
        "not_independent",
        409,
        "须由另一个人批准",
        "您和提议的人, 一方给另一方发过一次性密码, 不算两个人。请别的有权的人批准。",
    ),
    Entry(399, "record_void", 409, "这条记录不再计入", "请重新打开记录核对。"),
    Entry(395, "unknown_form", 404, "没有这张表单", ""),
    Entry(396, "form_refused", 422, "表单有误", ""),
    Entry(401, "unknown_kind", 404, "没有这种记录", ""),
    Entry(402, "too_many_rows", 422, "记录太多", ""),
    Entry(405, "pack_refused", 422, "内容包有误", ""),
)
CATALOGUE = {entry.code: entry for entry in _ENTRIES}
RETIRED: dict[int, str] = {}  # number → code, kept so that an old answer can still be explained
