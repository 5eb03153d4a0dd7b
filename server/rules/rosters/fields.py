"""The fields of a roster, in the order in which people fill them in, with the names that people know."""

from __future__ import annotations

from collections.abc import Mapping

FIELDS: Mapping[str, str] = {
    "name": "姓名",
    "certificate_type": "证件类型",
    "certificate_number": "证件号码",
    "company": "所属企业",
    "team": "班组",
    "trade": "工种",
    "role": "人员类别",
    "team_leader": "是否班组长",
    "phone": "手机号",
    "contract": "合同类型",
    "entered_on": "进场日期",
    "exited_on": "退场日期",
    "dormitory": "宿舍",
    "canteen_staff": "是否食堂人员",
}
REQUIRED = ("name", "certificate_number", "team", "entered_on")  # without them a row is rejected
GIVABLE = ("team", "entered_on")  # of these one value may be true of everybody on a list
VALUES: Mapping[str, Mapping[str, str]] = {
    "certificate_type": {
        "id_card": "身份证",
        "hmt_residence": "港澳台居民居住证",
        "foreign_permanent": "外国人永久居留身份证",
        "passport": "护照",
        "hk_macao_permit": "港澳居民来往内地通行证",
        "taiwan_permit": "台胞证",
    },
    "role": {"worker": "建筑工人", "manager": "管理人员"},
    "contract": {"labour": "劳动合同", "written_agreement": "书面协议"},
}


def shown(name: str, value: object) -> str:
    """A field's value as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    return VALUES.get(name, {}).get(str(value), str(value))
