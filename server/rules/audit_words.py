"""What the audit knows of: a code, its words, and the group by which people look for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Event(NamedTuple):
    group: str
    title: str


GROUPS = {
    "log_in": "登录",
    "account": "用户和密码",
    "site": "工地和企业",
    "device": "设备",
    "rule": "规则和密钥",
    "data": "完整号码和导出",
}
EVENTS: Mapping[str, Event] = {
    "logged_in": Event("log_in", "登录"),
    "proposed": Event("rule", "提议"),
    "approved": Event("rule", "批准提议"),
    "rejected": Event("rule", "驳回提议"),
    "withdrawn": Event("rule", "撤回提议"),
    "rule_changed": Event("rule", "修改规则"),
}
