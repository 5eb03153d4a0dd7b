"""worker: a roster entry (实名登记). A register: several people edit it, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas import limits
from schemas.certificates import (
    CERTIFICATE_PATTERN,
    CERTIFICATE_WORDS,
    PHONE_PATTERN,
    PROBLEMS,
    certificate_problem,
)
from schemas.column import Column
from schemas.fields import Body, Errors, choice, company_code, day, matching, text, yes_no
from schemas.kind import Kind
from schemas.privacy import OPEN, Privacy

TRADE_PATTERN = f"^[0-9]{{{limits.TRADE_LENGTH}}}$"
_PHONE_MESSAGE = "手机号应为 1 开头的 11 位数字, 不带 +86、空格和横线。"
_NUMBER = Privacy("certificate", "certificate_masked", "certificate_digest")
_ROLES = {"worker": "建筑工人", "manager": "管理人员"}
_CONTRACTS = {"labour": "劳动合同", "written_agreement": "用工书面协议"}


class WorkerBody(Body):
    """A person at a site. Age is no matter of shape: the rules check it, which are given a `now`.

    A kind of site may do without the fields SPARABLE, and ask for those in ASKABLE; the others are the same everywhere.
    Who somebody is must not change because a later clock said so: of these fields a person decides (`merge="keep"`).
    """

    name = text(
        *("姓名", limits.PERSON_NAME_MAX),
        merge="keep",
        privacy=OPEN,
        column=Column("name", missing="name_missing", own=True),
    )
    certificate_type = choice(
        *("证件类型", CERTIFICATE_WORDS),
        merge="keep",
        privacy=OPEN,
        column=Column(wrong="certificate_type_unknown", known=True, listed=False, width=14),
    )
    certificate_number = matching(
        *("证件号码", CERTIFICATE_PATTERN, PROBLEMS["loose_form"]),
        merge="keep",
        privacy=_NUMBER,
        column=Column("certificate", missing="certificate_missing", own=True, width=24),
    )
    company = company_code(
        "所属企业",
        by_site_kind=True,
        hint="统一社会信用代码",
        privacy=OPEN,
        column=Column("company", known=True, width=24),
    )
    team = text(
        *("班组", limits.TEAM_MAX),
        by_site_kind=True,
        privacy=OPEN,
        column=Column(missing="team_missing", wrong="team_long", given=True),
    )
    trade = matching(
        *("工种", TRADE_PATTERN, "工种应为 3 位数字代码, 请从工种表中选择。"),
        by_site_kind=True,
        noun="trades",
        privacy=OPEN,
        column=Column("trade"),
    )
    role = choice(
        *("人员类别", _ROLES),
        by_site_kind=True,
        privacy=OPEN,
        column=Column(wrong="role_unknown", known=True, listed=False),
    )
    team_leader = yes_no("是否班组长", optional=True, privacy=OPEN, column=Column(listed=False))
    phone = matching(
        *("手机号", PHONE_PATTERN, _PHONE_MESSAGE),
        by_site_kind=True,
        optional=True,
        privacy=Privacy("phone"),
        column=Column("phone", wrong="phone_form", own=True, width=16),
    )
    contract = choice(
        *("合同类型", _CONTRACTS),
        by_site_kind=True,
        optional=True,
        privacy=OPEN,
        column=Column(wrong="contract_unknown", none=True, listed=False),
    )
    entered_on = day("进场日期", privacy=OPEN, column=Column(missing="entered_on_missing", given=True))
    exited_on = day("退场日期", optional=True, privacy=OPEN, column=Column())
    dormitory = text(
        *("宿舍", limits.ROOM_MAX),
        by_site_kind=True,
        optional=True,
        privacy=OPEN,
        column=Column(wrong="dormitory_long", none=True, listed=False),
    )
    canteen_staff = yes_no("是否食堂人员", optional=True, privacy=OPEN, column=Column(listed=False))

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


_BY_SITE_KIND = {
    name: field.required
    for name, field in WorkerBody._declared_fields.items()
    if field.metadata.get("by_site_kind")
}
SPARABLE = tuple(name for name, required in _BY_SITE_KIND.items() if required)
ASKABLE = tuple(name for name, required in _BY_SITE_KIND.items() if not required)
KIND = Kind("worker", "人员", "register", WorkerBody, sealed=True, of_work=True, icon="roster")
