"""One person, two ways in: what a tablet pushes and what a file says of the same person get the same verdict, by code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from schemas.certificates import PROBLEMS
from server.rules.rosters.cells import text_of
from server.rules.rosters.problems import CATALOGUE
from tests.server.cast import COMPANY_A, Cast
from tests.server.rosters.people import ALL_TITLES, DIRT, Dirt, Person, person, words
from tests.stories.field import Field
from tests.stories.rosters.uploads import preview, rows, xlsx

# Only a file can say these: a tablet has lists to choose from, no numeric cells, and inspectors of all companies.
FILES_ONLY = {"contract_unknown", "yes_no_unknown", "company_not_yours", "trade_unknown", "trade_missing"}
# Here a file names the reason; for a tablet it is a number of no form.
SAYS_MORE = dict.fromkeys(
    ("certificate_masked", "certificate_numeric", "certificate_type_missing"), "loose_form"
)
MESSAGES = {
    "缺少这一项, 请填写。": "missing",
    "最多 50 个字, 请缩短。": "long",
    "手机号应为 1 开头的 11 位数字, 不带 +86、空格和横线。": "phone_form",
    "日期应写成 2021-12-01 的样子。": "date_form",
    "没有这一天, 请检查日期。": "date_unreal",
    "退场日期不能早于进场日期, 请检查两个日期。": "exit_before_entry",
    **{known.message: code for code, known in CATALOGUE.items()},
    **{message: code for code, message in PROBLEMS.items()},
}
# What happens to cells and can happen to a tablet's field as well.
BOTH = [
    dirt
    for dirt in DIRT
    if isinstance(dirt.cell(person(1)), str) and not {dirt.error, dirt.warning} & FILES_ONLY
]


def _body(dirt: Dirt, who: Person) -> dict[str, Any]:
    """The person as a tablet has him: in the roster's form, but for what is wrong with him."""
    body: dict[str, Any] = {
        "name": who.name,
        "certificate_type": "id_card",
        "certificate_number": who.certificate_number,
        "company": COMPANY_A,
        "team": who.team,
        "trade": "020",
        "role": "worker",
        "contract": "labour",
        "phone": who.phone,
        "entered_on": who.entered_on,
        "dormitory": who.dormitory,
    }
    if dirt.with_type:
        body["certificate_type"] = words().value("certificate_type", dirt.with_type)
    text = text_of(dirt.cell(who))
    if dirt.value is not None:
        body[dirt.field] = dirt.value(who)
    elif text == "" or (dirt.error is None and dirt.warning is None and dirt.with_type is None):
        body.pop(dirt.field, None)
    else:
        listed = words().value("certificate_type", text) if dirt.field == "certificate_type" else None
        body[dirt.field] = listed or text
    return body


def _codes(errors: dict[str, list[str]], field: str) -> set[str]:
    codes = {_code(message) for message in errors.pop(f"/body/{field}")}
    if "date_form" in codes:
        codes.discard("date_unreal")  # a shape says both of what is no date
    assert not errors, "nothing else is wrong with him"
    suffixes = {"missing": f"{field.removesuffix('_number')}_missing", "long": f"{field}_long"}
    return {suffixes.get(code, f"{field}_unknown" if code == "choice" else code) for code in codes}


def _code(message: str) -> str:
    return "choice" if message.startswith("只能是这几个之一") else MESSAGES[message]


def test_every_trap_gets_the_same_code_from_a_tablet_and_from_a_file(desk: Cast, tmp_path: Path) -> None:
    people = [(dirt, person(number)) for number, dirt in enumerate(BOTH, start=1)]
    contractor = desk.client("contractor")
    roster = preview(contractor, desk.site_a, xlsx([dirt.dirty(who) for dirt, who in people], ALL_TITLES))
    rejected = {
        row["number"]: {problem["code"] for problem in row["problems"] if problem["weight"] == "error"}
        for row in rows(contractor, roster, "rejected")
    }
    tablet = Field(desk, tmp_path).tablet("first")
    added = {tablet.add(f"site:{desk.site_a}", "worker", _body(*one)): one[0] for one in people}
    assert tablet.sync().ok
    refused = {entry.record: dict(entry.errors) for entry in tablet.refused()}
    for line, (record, dirt) in enumerate(added.items(), start=2):
        assert rejected.get(line, set()) == ({dirt.error} if dirt.error else set()), dirt
        found = _codes(refused[record], dirt.field) if record in refused else set()
        assert found == ({SAYS_MORE.get(dirt.error, dirt.error)} if dirt.error else set()), dirt
