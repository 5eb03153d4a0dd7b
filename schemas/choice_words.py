"""The words that people read for the names in closed lists, by field. A list that gets a name gets its word here."""

from __future__ import annotations

from collections.abc import Mapping

CHOICE_WORDS: Mapping[str, Mapping[str, str]] = {
    "certificate_type": {
        "id_card": "居民身份证",
        "hmt_residence": "港澳台居民居住证",
        "foreign_permanent": "外国人永久居留身份证",
        "passport": "护照",
        "hk_macao_permit": "港澳居民来往内地通行证",
        "taiwan_permit": "台湾居民来往大陆通行证",
    },
    "role": {"worker": "建筑工人", "manager": "管理人员"},
    "contract": {"labour": "劳动合同", "written_agreement": "用工书面协议"},
    "slot": {
        "entry": "进场",
        "before_work": "上班前",
        "after_work": "下班后",
        "meal": "用餐时",
        "retest": "复测",
    },
    "point": {
        "gate": "大门",
        "work_area": "作业区",
        "dormitory": "宿舍",
        "canteen": "食堂",
        "office": "办公室",
    },
    "method": {
        "forehead": "额温",
        "ear": "耳温",
        "wrist": "腕温",
        "camera": "热成像",
        "face": "人脸",
        "card": "刷卡",
        "qr": "扫码",
        "manual": "人工",
    },
    "place": {
        "dormitory": "宿舍",
        "canteen": "食堂",
        "toilet": "厕所",
        "bathroom": "浴室",
        "rest_room": "休息室",
        "office": "办公室",
        "gate": "大门",
        "isolation_room": "隔离室",
    },
    "agent": {
        "chlorine": "含氯消毒剂",
        "alcohol": "酒精",
        "peroxide": "过氧化物",
        "quaternary": "季铵盐",
        "other": "其他",
    },
    "direction": {"in": "进场", "out": "出场"},
    "health_code": {"green": "绿码", "yellow": "黄码", "red": "红码", "none": "无码"},
}
