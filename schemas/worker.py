"""worker: a roster entry (实名登记). A register: several people edit it, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas import limits
from schemas.certificates import (
    CERTIFICATE_PATTERN,
    CERTIFICATE_TYPES,
    PHONE_PATTERN,
    PROBLEMS,
    certificate_problem,
)
from schemas.fields import Body, Errors, choice, company_code, day, matching, text, yes_no
from schemas.privacy import Privacy, opened

TRADE_PATTERN = f"^[0-9]{{{limits.TRADE_LENGTH}}}$"
_PHONE_MESSAGE = "手机号应为 1 开头的 11 位数字, 不带 +86、空格和横线。"


class WorkerBody(Body):
    """A person at a site. Age is no matter of shape: the rules check it, which are given a `now`."""

    privacy = opened(
        *("name", "certificate_type", "company", "team", "trade", "role", "team_leader", "contract"),
        *("entered_on", "exited_on", "dormitory", "canteen_staff"),
    ) | {
        "certificate_number": Privacy("certificate", "certificate_masked", "certificate_digest"),
        "phone": Privacy("phone"),
    }

    name = text("姓名", limits.PERSON_NAME_MAX)
    certificate_type = choice("证件类型", CERTIFICATE_TYPES)
    certificate_number = matching("证件号码", CERTIFICATE_PATTERN, PROBLEMS["loose_form"])
    company = company_code("所属企业 (统一社会信用代码)")
    team = text("班组", limits.TEAM_MAX)
    trade = matching("工种代码", TRADE_PATTERN, "工种应为 3 位数字代码, 请从工种表中选择。")
    role = choice("人员类别", ("worker", "manager"))
    team_leader = yes_no("是否班组长", optional=True)
    phone = matching("手机号", PHONE_PATTERN, _PHONE_MESSAGE, optional=True)
    contract = choice("合同类型", ("labour", "written_agreement"), optional=True)
    entered_on = day("进场日期")
    exited_on = day("退场日期", optional=True)
    dormitory = text("宿舍", limits.ROOM_MAX, optional=True)
    canteen_staff = yes_no("是否食堂人员", optional=True)

    def problems(self, data: Mapping[str, Any]) -> Errors:
        problems: Errors = {}
        certificate_type, number = data.get("certificate_type"), data.get("certificate_number")
        if certificate_type is not None and number is not None:
            problem = certificate_problem(certificate_type, number)
            if problem is not None:
                problems["certificate_number"] = [PROBLEMS[problem]]
        entered_on, exited_on = data.get("entered_on"), data.get("exited_on")
        if entered_on is not None and exited_on is not None and exited_on < entered_on:
            problems["exited_on"] = ["退场日期不能早于进场日期, 请检查两个日期。"]
        return problems
