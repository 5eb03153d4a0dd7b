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
    "user_added": Event("account", "新增用户"),
    "user_edited": Event("account", "修改用户"),
    "user_disabled": Event("account", "停用用户"),
    "user_enabled": Event("account", "恢复用户"),
    "stand_in_set": Event("account", "登记代理"),
    "stand_in_ended": Event("account", "结束代理"),
    "password_set": Event("account", "更换密码"),
    "password_reset": Event("account", "重设密码"),
    "site_added": Event("site", "新增工地"),
    "site_edited": Event("site", "修改工地"),
    "alert_changed": Event("site", "防控级别"),
    "site_suspended": Event("site", "登记停工"),
    "site_resumed": Event("site", "复工"),
    "site_assigned": Event("site", "分配工地"),
    "site_unassigned": Event("site", "收回工地"),
    "place_added": Event("site", "新增场所"),
    "place_renamed": Event("site", "场所改名"),
    "place_measured": Event("site", "场所的面积和容量"),
    "place_closed": Event("site", "停用场所"),
    "camera_added": Event("site", "新增摄像机"),
    "camera_closed": Event("site", "停用摄像机"),
    "company_named": Event("site", "登记企业"),
    "company_at_site": Event("site", "工地的企业"),
    "code_made": Event("device", "发注册码"),
    "device_enrolled": Event("device", "注册设备"),
    "device_revoked": Event("device", "注销设备"),
    "platform_added": Event("device", "新增监控平台"),
    "platform_keyed": Event("device", "更换监控平台的密钥"),
    "platform_closed": Event("device", "停用监控平台"),
    "proposed": Event("rule", "提议"),
    "approved": Event("rule", "批准提议"),
    "rejected": Event("rule", "驳回提议"),
    "withdrawn": Event("rule", "撤回提议"),
    "holidays_entered": Event("rule", "录入节假日"),
    "key_retired": Event("rule", "停用密钥"),
    "exported": Event("data", "导出"),
    "unmasked": Event("data", "导出完整号码"),
    "looked_up": Event("data", "按号码查人"),
    "erased": Event("data", "删除个人资料"),
    "health_erased": Event("data", "到期删除健康数据"),
    "archived": Event("data", "生成归档包"),
    "rule_changed": Event("rule", "修改规则"),
    "evidence_revoked": Event("data", "不采信记录"),
    "areas_listed": Event("rule", "录入风险地区"),
    "row_changed": Event("rule", "修改职责和类型"),
    "form_published": Event("rule", "发布表单"),
    "pack_loaded": Event("rule", "装入内容包"),
    "pack_switched": Event("rule", "起用或停用内容包"),
}
FIELDS = {
    "lines": "日志行",
    "forms": "表单版本",
    "role": "角色",
    "rows": "行",
    "display_name": "姓名",
    "unit": "科室",
    "m2": "面积 (平方米)",
    "capacity": "容量 (人)",
    "company": "企业",
    "district": "区县",
    "name": "名称",
    "stage": "阶段",
    "inhabited": "有人住宿",
    "address": "地址",
    "latitude_deg": "纬度",
    "longitude_deg": "经度",
    "from": "自",
    "to": "至",
    "approved_by": "批准",
    "value": "数值",
    "valid_from": "起用日期",
    "source": "依据",
    "mark": "标记",
    "days": "天数",
    "deputy": "代理人",
}
