"""Rows of reference data that say how the machines and platforms of others are understood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE

from schemas import limits
from schemas.fields import Errors, choice, many, matching, text, yes_no
from schemas.reference_row import RowBody

_PATH_PATTERN, _PATH_MESSAGE = "^/[A-Za-z0-9_{}/.-]{0,199}$", "应为以 / 开头的路径。"
_TOPIC_PATTERN = r"^(?=.{1,200}$)(?:(?:\+|[^+#/\s]*)/)*(?:\+|#|[^+#/\s]*)$"  # a filter of MQTT 3.1.1, 4.7
_TOPIC_MESSAGE = "应为 MQTT 的主题, 可用 + 代一层, 末层可用 # 代其余各层。"
_MEMBER_PATTERN, _MEMBER_MESSAGE = "^[A-Za-z_][A-Za-z0-9_.]{0,99}$", "应为成员的名称, 逐层用点隔开。"
_EQUALS_PATTERN, _EQUALS_MESSAGE = "^[^=]{1,100}=[^=]{1,100}$", "应写成 code=0 的样子。"
_OUTWARD_PATTERN, _OUTWARD_MESSAGE = (
    "^[^=]{1,100}==?[^=]{1,100}$",
    "应写成 teamName=team 或 userType==normal 的样子。",
)


def _member(title: str, *, optional: bool = False) -> Any:
    return matching(title, _MEMBER_PATTERN, _MEMBER_MESSAGE, optional=optional)


def _pair(title: str) -> Any:
    return matching(title, _EQUALS_PATTERN, _EQUALS_MESSAGE)


class CameraAdapterRow(RowBody):
    """How a sort of camera platform is read (server/rules/camera_adapters.py)."""

    class Meta(RowBody.Meta):
        unknown = RAISE

    name = text("名称", limits.LABEL_MAX)
    transport = choice("方式", ("poll", "webhook", "mqtt"))
    topic = matching("主题", _TOPIC_PATTERN, _TOPIC_MESSAGE, optional=True)
    header = matching("请求头", "^[a-z][a-z-]{0,39}$", "应为小写的请求头名称, 如 api-key。", optional=True)
    devices = matching("列表路径", _PATH_PATTERN, _PATH_MESSAGE, optional=True)
    channels = matching("通道路径", _PATH_PATTERN, _PATH_MESSAGE, optional=True)
    page = matching("页码参数", _MEMBER_PATTERN, _MEMBER_MESSAGE, optional=True)
    count = matching("每页参数", _MEMBER_PATTERN, _MEMBER_MESSAGE, optional=True)
    items = matching("列表所在", _MEMBER_PATTERN, _MEMBER_MESSAGE)
    total = matching("总数所在", _MEMBER_PATTERN, _MEMBER_MESSAGE, optional=True)
    ok = many(
        "成功的标志",
        matching("成功的标志", _EQUALS_PATTERN, _EQUALS_MESSAGE),
        limits.PLACES_MAX,
        optional=True,
    )
    device = matching("设备编码", _MEMBER_PATTERN, _MEMBER_MESSAGE, optional=True)
    device_online = matching("设备在线", _MEMBER_PATTERN, _MEMBER_MESSAGE, optional=True)
    camera = matching("摄像机编码", _MEMBER_PATTERN, _MEMBER_MESSAGE)
    state = matching("在线状态", _MEMBER_PATTERN, _MEMBER_MESSAGE)
    online = many("在线的写法", text("在线的写法", limits.LABEL_MAX), limits.WORDS_MAX)
    events = matching("事件所在", _MEMBER_PATTERN, _MEMBER_MESSAGE, optional=True)
    event = matching("事件种类", _MEMBER_PATTERN, _MEMBER_MESSAGE, optional=True)
    event_at = matching("事件时间", _MEMBER_PATTERN, _MEMBER_MESSAGE, optional=True)
    event_said = matching("事件说明", _MEMBER_PATTERN, _MEMBER_MESSAGE, optional=True)
    event_words = many(
        "事件用语", matching("事件用语", _EQUALS_PATTERN, _EQUALS_MESSAGE), limits.WORDS_MAX, optional=True
    )

    def problems(self, data: Mapping[str, Any]) -> Errors:
        found = super().problems(data)
        if data.get("transport") == "poll" and not data.get("devices"):
            return {**found, "devices": ["轮询的平台要写明列表路径。"]}
        if data.get("transport") == "mqtt" and not data.get("topic"):
            return {**found, "topic": ["MQTT 的平台要写明主题。"]}
        if data.get("channels") and not (data.get("device") and "{device}" in data["channels"]):
            return {**found, "channels": ["通道路径里要有 {device}, 并写明设备编码在哪一项。"]}
        return found


class GateAdapterRow(RowBody):
    """How what a sort of gate or real-name platform says of passes is read, and how it is answered
    (server/rules/gate_adapters.py)."""

    class Meta(RowBody.Meta):
        unknown = RAISE

    name = text("名称", limits.LABEL_MAX)
    items = matching("列表所在", _MEMBER_PATTERN, _MEMBER_MESSAGE, optional=True)
    only_if = many("出入消息的标志", _pair("出入消息的标志"), limits.PLACES_MAX, optional=True)
    event = many("事件编号", _member("事件编号"), limits.PLACES_MAX, min_length=1)
    at = _member("时间")
    at_form = choice("时间的写法", ("iso", "local", "epoch_s", "epoch_ms"))
    sent_at = _member("发送时间", optional=True)
    unsent = _member("未发数", optional=True)
    in_order = yes_no("按顺序补发", optional=True)  # a message that comes says that all before it was sent
    certificate = _member("证件号码", optional=True)
    certificate_type = _member("证件类型", optional=True)
    certificate_words = many("证件类型用语", _pair("证件类型用语"), limits.WORDS_MAX, optional=True)
    card = _member("卡号", optional=True)
    external_id = _member("平台编号", optional=True)
    direction = _member("方向", optional=True)
    direction_words = many("方向用语", _pair("方向用语"), limits.WORDS_MAX, optional=True)
    method = _member("核验方式", optional=True)
    method_words = many("核验方式用语", _pair("核验方式用语"), limits.WORDS_MAX, optional=True)
    method_else = choice("其他核验方式", ("face", "card", "qr", "manual"))
    celsius = _member("体温", optional=True)
    mask_worn = _member("口罩", optional=True)
    mask_words = many("口罩用语", _pair("口罩用语"), limits.WORDS_MAX, optional=True)
    health_code = _member("健康码", optional=True)
    health_words = many("健康码用语", _pair("健康码用语"), limits.WORDS_MAX, optional=True)
    answer = many("成功的回答", _pair("成功的回答"), limits.PLACES_MAX, optional=True)
    verdict = _member("核验结果放在", optional=True)
    verdict_words = many("核验结果用语", _pair("核验结果用语"), limits.WORDS_MAX, optional=True)
    roster = many(
        "名册各项", matching("名册各项", _OUTWARD_PATTERN, _OUTWARD_MESSAGE), limits.WORDS_MAX, optional=True
    )
    roster_words = many("名册用语", _pair("名册用语"), limits.WORDS_MAX, optional=True)

    def problems(self, data: Mapping[str, Any]) -> Errors:
        found = super().problems(data)
        if not any(data.get(name) for name in ("certificate", "card", "external_id")):
            return {**found, "external_id": ["要写明人员在哪一项: certificate、card 或 external_id。"]}
        return found
