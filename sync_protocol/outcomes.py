"""The outcomes of an entry, and the one numbered catalogue of what can be refused (SPEC: Outcomes).

A number is never used again; retired ones stay in RETIRED with the code they had.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

APPLIED = "applied"
MERGED = "merged"
CONTESTED = "contested"
DUPLICATE = "duplicate"
HELD = "held"
REFUSED = "refused"
RETRY = "retry"

OUTCOMES = (APPLIED, MERGED, CONTESTED, DUPLICATE, HELD, REFUSED, RETRY)
EFFECTIVE = (APPLIED, MERGED, CONTESTED)  # the entry took effect
FINAL = (APPLIED, MERGED, CONTESTED, DUPLICATE, HELD, REFUSED)  # the device may forget the entry

HELD_DAYS = 5  # then applied with the mark UNMET_NEEDS, or refused when its target never came
UNMET_NEEDS = "unmet_needs"
BAD_ATTESTATION = "bad_attestation"  # the mark on a stream whose attestation did not verify or does not fit


@dataclass(frozen=True, slots=True)
class Code:
    """One refusal. `where`: `entry` (an outcome `refused`) or `envelope` (a problem document with HTTP
    `status`).

    `title` says what is wrong and `remedy` what to do about it, both to people, in Chinese.
    """

    number: int
    code: str
    where: Literal["entry", "envelope"]
    status: int | None
    title: str
    remedy: str


def _entry(number: int, code: str, title: str, remedy: str) -> Code:
    return Code(number, code, "entry", None, title, remedy)


def _envelope(number: int, status: int, code: str, title: str, remedy: str) -> Code:
    return Code(number, code, "envelope", status, title, remedy)


CATALOGUE: tuple[Code, ...] = (
    _entry(101, "unreadable", "这一行无法识别", "应用写出的格式有误, 请升级应用; 原文保存在待处理区。"),
    _entry(102, "entry_mismatch", "编号重复而内容不同", "已保存的记录不变, 请把这条内容作为新记录填写。"),
    _entry(103, "unknown_kind", "没有这种记录", "请升级应用; 原文保存在待处理区。"),
    _entry(104, "body_invalid", "内容不符合要求", "请按 errors 的提示更正后重新填写。"),
    _entry(105, "server_owned", "内容里有只能由服务器填写的项", "请去掉 errors 指出的项。"),
    _entry(106, "unknown_record", "找不到要修改的记录", "请先同步, 确认记录存在后再修改。"),
    _entry(107, "wrong_kind", "这个编号是另一种记录", "请同步后重新选择要修改的记录。"),
    _entry(108, "bad_act", "这种记录不能这样操作", "事实请用更正或作废, 名册请用修改或作废。"),
    _entry(109, "already_exists", "这条记录已经存在", "请同步后修改已有的记录。"),
    _entry(110, "scope_not_assigned", "您不负责这个地点", "请联系管理员分派; 原文保存在待处理区。"),
    _entry(111, "device_revoked", "设备停用之后写入", "请用已注册的设备重新填写; 原文保存在待处理区。"),
    _entry(112, "too_many_holes", "中间缺少的记录太多", "设备会先补传缺少的记录, 之后再传这一条。"),
    _entry(113, "kind_not_allowed", "这种记录不能由设备写入", "这种记录由服务器维护, 请通过管理页面修改。"),
    _entry(114, "line_too_long", "这条记录太长", "请缩短说明文字; 原文保存在待处理区。"),
    _entry(115, "person_erased", "此人的资料已依法删除", "不必重写; 此人如仍在场, 请重新登记。"),
    _entry(116, "unknown_form", "服务器上没有这张表单", "记录已保留; 表单的这个版本发布后自动重新处理。"),
    _envelope(201, 401, "unauthenticated", "无法确认设备身份", "请检查设备是否已注册。"),
    _envelope(202, 401, "signature_invalid", "请求签名不正确", "请重试; 如仍失败, 请重新注册设备。"),
    _envelope(203, 401, "nonce_replayed", "这个请求已经收到过", "请用新的随机数重新签名后再发。"),
    _envelope(204, 401, "clock_skew", "设备时间与服务器相差太大", "应用会按 server_time 更正后重新签名。"),
    _envelope(205, 400, "digest_mismatch", "请求内容与摘要不符", "内容在途中损坏, 请重发。"),
    _envelope(206, 400, "header_invalid", "请求格式不正确", "请按 errors 的提示更正; 请升级应用。"),
    _envelope(207, 413, "too_large", "请求内容太大", "请分成较小的批次再发。"),
    _envelope(208, 413, "too_many_entries", "一次发送的记录太多", "请分成较小的批次再发。"),
    _envelope(209, 415, "unsupported_media_type", "不支持这种内容类型", "push 用 x-ndjson, 其余用 json。"),
    _envelope(210, 415, "unsupported_encoding", "不支持这种压缩方式", "请用 gzip、zstd 或不压缩。"),
    _envelope(211, 403, "upgrade_required", "应用版本太旧", "请升级应用; 未上传的记录不受影响。"),
    _envelope(212, 400, "unsupported_version", "服务器不认识这个协议版本", "请使用与服务器相配的应用。"),
    _envelope(213, 401, "enrol_code_invalid", "注册码无效或已过期", "请向管理员索取新的注册码。"),
    _envelope(214, 429, "rate_limited", "请求太频繁", "请按 Retry-After 稍后再试。"),
    _envelope(215, 503, "busy", "服务器繁忙", "请按 Retry-After 稍后再试。"),
    _envelope(216, 401, "device_revoked", "设备已被停用", "未上传的记录仍会被接收, 之后本机数据将清除。"),
    _envelope(217, 404, "not_found", "没有找到", "请检查地址。"),
    _envelope(218, 422, "media_not_promised", "没有记录承诺这张照片", "请先上传记录, 再上传照片。"),
    _envelope(219, 409, "media_here", "这张照片已经收到", "不必再传。"),
    _envelope(220, 413, "media_too_large", "照片太大", "请降低拍摄分辨率后重新拍摄。"),
    _envelope(221, 415, "media_type_not_allowed", "不是可以接受的照片", "请用 JPEG、PNG 或 WebP 照片。"),
    _envelope(222, 422, "media_unreadable", "照片无法打开", "文件已损坏, 请重新拍摄。"),
    _envelope(223, 422, "media_mismatch", "照片与记录的承诺不符", "请重新上传原文件; 改动过的不被接受。"),
    _envelope(224, 413, "media_too_many_parts", "照片分得太碎", "请用较大的分片重新上传。"),
    _envelope(225, 412, "tus_version_unsupported", "不支持这个 tus 版本", "请使用 Tus-Version 所列的版本。"),
    _envelope(226, 409, "upload_offset_mismatch", "上传位置不符", "请用 HEAD 查询位置, 从那里继续。"),
    _envelope(227, 460, "upload_checksum_mismatch", "分片与校验值不符", "分片在途中损坏, 请重发这一片。"),
    _envelope(228, 410, "upload_gone", "这次上传已经结束", "请重新开始上传。"),
)

RETIRED: dict[int, str] = {}  # number → code, kept so that an old answer can still be explained

_BY_PLACE = {(code.where, code.code): code for code in CATALOGUE}


def entry_code(code: str) -> Code:
    """A refusal of an entry. Raises KeyError for a code that is not in the catalogue."""
    return _BY_PLACE["entry", code]


def refusal_title(code: str) -> str:
    """What is wrong with a refused entry. Raises KeyError for a code that is not in the catalogue."""
    return entry_code(code).title


def problem_code(code: str) -> Code:
    """A problem of the envelope. Raises KeyError for a code that is not in the catalogue."""
    return _BY_PLACE["envelope", code]


def problem_title(code: str) -> str:
    """What a problem document's `title` says. Raises KeyError for a code that is not in the catalogue."""
    return problem_code(code).title
