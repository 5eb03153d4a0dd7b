"""报备单: one case as it is reported, by the template in force, to be printed and signed. It names nobody but by a masked
name: names go on a list of their own, to those who act."""

from __future__ import annotations

from pathlib import Path

from schemas.case import REPORTS
from schemas.reference import REPORTED_TO
from server.actions.cases.show_case import CasePage
from server.actions.papers.paper_content import stated_content
from server.actions.reference.name_codes import Names
from server.actions.reference.record_words import value
from server.base.clock import from_iso
from server.documents.write_paper import paper_pdf
from server.models.tx import Tx
from server.rules.calendar import local_date_of
from server.rules.papers.uses import CASE_REPORT
from server.rules.papers.writing import written_time

_REPORT = "case_report"  # the record that somebody took the report
_KINDS = {  # what is reported of how many: by the case's cause
    "确诊疑似": (),
    "轨迹交叉": ("contact",),
    "风险区行程": ("travel",),
    "健康码异常": ("health_code",),
    "体温、症状异常": ("fever", "symptom"),
}


def case_pdf(tx: Tx, page: CasePage, names: Names, fonts: Path) -> tuple[bytes, str]:
    """The paper and the name of its file. `fonts`: a folder of fonts that an office has. Raises Problem 404 without a
    template in force."""
    celsius = page.state.get("celsius")
    stated = {
        "reported_site": f"{page.site.name}（{names.of('districts', page.site.district)}）",
        "receiving_unit": names.of("units", page.site.unit),
        "found_at": written_time(page.case.opened_ms),
        "cause": value(names, "case", "cause", str(page.state["cause"]), {}),
        "kinds_found": _kinds(page),
        "persons": "1人",
        "person": f"{page.person}（姓名、证件号码和联系电话另附名单，只交办理的单位）",
        "symptoms": f"体温 {celsius} ℃" if celsius else "",
        "measures": _done(page),
        "case_note": str(page.state.get("note") or ""),
        "reports": _reports(page),
    }
    data = paper_pdf(stated_content(tx, CASE_REPORT, stated), {}, fonts)
    return data, f"报备单-{page.site.name}-{local_date_of(page.case.opened_ms)}.pdf"


def _kinds(page: CasePage) -> str:
    """A row for each kind of case that is reported, with how many people."""
    confirmed = page.state.get("outcome") == "confirmed"
    rows = []
    for title, causes in _KINDS.items():
        is_it = page.state["cause"] in causes if causes else confirmed
        rows.append(f"{title} | {'1人' if is_it else '无'}")
    return "\n".join(rows)


def _done(page: CasePage) -> str:
    """What was done up to now: where isolated, and the steps that are met."""
    where = page.state.get("isolation_place")
    done = [f"隔离于{where}"] if where else []
    done += dict.fromkeys(
        one.clock.step.name for one in page.verdicts if one.state == "met" and not one.clock.step.in_case
    )
    return "；".join(done) or "尚无记录"


def _reports(page: CasePage) -> str:
    """A row for each to whom it is reported: when, who took it with which receipt, and by which number."""
    numbers = {line.part: line.phone for line in page.lines}
    rows = []
    for (part, word), field in zip(REPORTED_TO.items(), REPORTS, strict=True):
        taken = next(
            (one for one in page.records if one.kind == _REPORT and one.body.get("reported_to") == part), None
        )
        at = page.state.get(field)
        when = (
            written_time(taken.at_ms) if taken is not None else written_time(from_iso(at)) if at else "尚未报"
        )
        who = ""
        if taken is not None:
            receipt = taken.body.get("receipt")
            who = f"{taken.body.get('taken_by', '')} {f'回执 {receipt}' if receipt else '回执见附件'}"
        cells = (word, when, who.strip(), numbers.get(part) or "待填")
        rows.append(" | ".join(cell.replace("|", "／") for cell in cells))
    return "\n".join(rows)
