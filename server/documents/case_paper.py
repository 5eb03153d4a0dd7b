"""报备单: one case as it is reported, to be printed and signed. It names nobody but by a masked name: names go on a list of
their own, to those who act."""

from __future__ import annotations

from schemas.case import REPORTS
from schemas.reference import REPORTED_TO
from server.actions.cases.show_case import CasePage
from server.actions.reference.name_codes import Names
from server.actions.reference.record_words import value
from server.base.clock import from_iso
from server.documents.compile_paper import compile_paper
from server.rules.calendar import local_date_of
from server.rules.flags.words import moment
from server.rules.papers.writing import full_width, written_date

_REPORT = "case_report"


def case_pdf(page: CasePage, names: Names, now_ms: int) -> tuple[bytes, str]:
    """The paper and the name of its file."""
    facts = [
        (names.site_word(page.site.kind), f"{page.site.name} ({names.of('districts', page.site.district)})"),
        ("主管科室", names.of("units", page.site.unit)),
        ("发现时间", moment(page.case.opened_ms)),
        ("情况类别", value(names, "case", "cause", str(page.state["cause"]), {})),
        ("人数", "1 人"),
        ("人员", f"{page.person} (姓名、证件和电话另附名单, 只交办理的单位)"),
        ("已采取的措施", _done(page)),
        ("说明", str(page.state.get("note") or "无")),
    ]
    date = local_date_of(now_ms)
    content = {
        "facts": [(title, full_width(said)) for title, said in facts],
        "reports": [tuple(map(full_width, row)) for row in _reports(page)],
        "date": written_date(date),
    }
    data = compile_paper("case_report", content)
    return data, f"报备单-{page.site.name}-{local_date_of(page.case.opened_ms)}.pdf"


def _done(page: CasePage) -> str:
    """What was done up to now: where isolated, and the steps that are met."""
    where = page.state.get("isolation_place")
    done = [f"隔离于 {where}"] if where else []
    done += dict.fromkeys(
        one.clock.step.name for one in page.verdicts if one.state == "met" and not one.clock.step.in_case
    )
    return "; ".join(done) or "尚无记录"


def _reports(page: CasePage) -> list[tuple[str, str, str, str]]:
    """By whom it is reported to: when, who took it with which receipt, and by which number."""
    numbers = {line.part: line.phone for line in page.lines}
    found = []
    for (part, word), field in zip(REPORTED_TO.items(), REPORTS, strict=True):
        taken = next(
            (one for one in page.records if one.kind == _REPORT and one.body.get("reported_to") == part), None
        )
        at = page.state.get(field)
        when = moment(taken.at_ms) if taken is not None else moment(from_iso(at)) if at else "尚未报"
        who = ""
        if taken is not None:
            receipt = taken.body.get("receipt")
            who = f"{taken.body.get('taken_by', '')} {f'回执 {receipt}' if receipt else '回执见附件'}"
        found.append((word, when, who.strip() or "—", numbers.get(part) or "待填"))
    return found
