"""Service (送达) of a signed paper: how, when, to whom. From then on it takes effect, and its terms run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from schemas.limits import REASON_MAX
from server.actions.notices.enqueue import NewNotice, enqueue_notices, read_people, receivers
from server.actions.papers.read_papers import PaperFile, faulty, kind_row, may_write, paper_of
from server.actions.papers.sealed_words import keep_said
from server.actions.papers.service_clock import at_service
from server.actions.papers.write_paper import note_on_flag
from server.base.clock import to_iso
from server.base.problems import Problem
from server.models.access import Viewer
from server.models.paper import PaperService
from server.models.scope import lock_scope
from server.models.tx import Tx
from server.rules.calendar import DAY_MS, local_date_of
from server.rules.flags.moves import CONTRACTOR
from server.rules.from_rows import in_force
from server.rules.papers.terms import review_until, suit_until
from server.rules.papers.uses import SERVED, USES
from server.rules.plain_text import cleaned

WAYS: Mapping[str, str] = {
    "direct": "直接送达",
    "left": "留置送达",
    "post": "邮寄送达",
    "entrusted": "委托送达",
    "notice": "公告送达",
    "electronic": "电子送达",
}
_NOTICE_DAYS = (("2022-01-01", 30), ("", 60))  # 民诉法: since when a notice serves after so many days


@dataclass(frozen=True, slots=True)
class Served:
    """What the 送达回证 says. `note`: of a post the number of its slip, of a refusal its reason; `confirmed`: that there is
    a signed 送达地址确认书 for electronic service."""

    way: str
    at_ms: int
    place: str = ""
    receiver: str = ""
    relation: str = ""
    witness: str = ""
    servers: str = ""
    refusal: str = ""
    note: str = ""
    confirmed: bool = False


def serve_paper(tx: Tx, viewer: Viewer, paper_id: str, served: Served) -> PaperService:
    """Record a service. The first one starts the terms: the flag's rectification by the printed deadline, review and suit by
    the remedy in force when it was signed; its company's people get a notice, which is no service. Raises Problem 404, 403,
    409 `paper_not_yet`, 422."""
    scope = lock_scope(tx.session, paper_of(tx.session, viewer, paper_id).paper.scope_id)
    file = paper_of(tx.session, viewer, paper_id)
    paper = file.paper
    row = kind_row(tx.book, paper.kind, local_date_of(tx.now_ms))
    if scope is None or not may_write(tx, viewer, file.flag, file.site, row):
        raise Problem("role_not_allowed", "这份文书不由您送达。")
    if paper.state != "signed" or not USES[paper.kind].served:
        raise Problem("paper_not_yet", "签发之后才能登记送达; 这种文书不送达的, 当场签字。")
    said = {
        name: cleaned(value)[:REASON_MAX] for name, value in asdict(served).items() if isinstance(value, str)
    }
    _check(tx, file, served, said)
    effective = _effective(served)
    one = PaperService(paper_id=paper.id, n=len(file.services) + 1, way=served.way, at_ms=served.at_ms)
    keep_said(tx.seals, one, {name: value for name, value in said.items() if value and name != "way"})
    one.recorded_ms, one.recorded_by = tx.now_ms, viewer.id
    one.review_until, one.suit_until = _remedy_terms(tx, file, effective)
    tx.session.add(one)
    if paper.served_ms is None:
        paper.served_ms = effective
        detail: dict[str, Any] = {"paper": paper.id, "title": paper.title, "number": paper.number}
        detail |= {"way": served.way, "served": to_iso(effective)}
        detail |= at_service(tx, file.flag, paper, effective)
        note_on_flag(tx, scope, file.flag, viewer, SERVED, detail)
        people = read_people(tx.session, [file.site.id], tx.now_ms)
        severe = file.flag.severity == "severe"
        served_on = receivers(people, file.site, CONTRACTOR, paper.company)
        enqueue_notices(tx, people, served_on, NewNotice(file.flag, SERVED, severe))
    return one


def _check(tx: Tx, file: PaperFile, served: Served, said: Mapping[str, str]) -> None:
    signed, lacks = file.paper.signed_ms or 0, dict[str, list[str]]()
    if served.way not in WAYS:
        lacks["/way"] = ["请选择送达方式。"]
    if not signed - signed % 60_000 <= served.at_ms <= tx.now_ms:
        lacks["/at"] = ["送达时间应在签发之后、现在之前。"]
    needed = {
        "direct": (("receiver", "签收人"), ("place", "送达地点")),
        "left": (("refusal", "拒收的原因"), ("witness", "见证人 (或拍照录像的情况)"), ("place", "送达地点")),
        "post": (("note", "邮件号码, 写在备注里"),),
        "entrusted": (("receiver", "签收人"), ("note", "受委托的机关, 写在备注里")),
        "notice": (("note", "公告的载体和日期, 写在备注里"),),
        "electronic": (("place", "对方的接收系统和地址"),),
    }.get(served.way, ())
    for name, title in (*needed, ("servers", "送达人 (两人)")):
        if not said[name]:
            lacks[f"/{name}"] = [f"请填写{title}。"]
    if (
        said["servers"]
        and len([one for one in said["servers"].replace(",", "、").split("、") if one.strip()]) < 2
    ):
        lacks["/servers"] = ["送达人应有两人, 用顿号隔开。"]
    if served.way == "electronic" and not served.confirmed:
        lacks["/confirmed"] = ["电子送达须有当事人签署的确认书; 系统内的通知不是送达。"]
    if lacks:
        raise faulty(lacks, " ".join(text for texts in lacks.values() for text in texts))


def _effective(served: Served) -> int:
    """When it counts as served: a public notice after its days, everything else at once."""
    if served.way != "notice":
        return served.at_ms
    day = local_date_of(served.at_ms)
    return served.at_ms + next(days for since, days in _NOTICE_DAYS if day >= since) * DAY_MS


def _remedy_terms(tx: Tx, file: PaperFile, effective: int) -> tuple[str, str]:
    row = kind_row(tx.book, file.paper.kind, local_date_of(file.paper.signed_ms or tx.now_ms))
    remedy = in_force(tx.book.rows["remedies"], "order", local_date_of(file.paper.signed_ms or tx.now_ms))
    if not row["remedy"] or remedy is None:
        return "", ""
    day, holidays = local_date_of(effective), tx.book.holidays
    return (
        review_until(holidays, day, remedy["review_days"]),
        suit_until(holidays, day, remedy["suit_months"]),
    )
