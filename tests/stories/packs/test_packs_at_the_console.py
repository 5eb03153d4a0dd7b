"""An administrator sees what a pack brings and proposes it; another one loads it."""

from __future__ import annotations

import sqlalchemy as sa

from server.actions.packs.load_pack import load_pack
from server.actions.packs.switch_pack import duties_of_pack
from server.actions.reference.load_reference import rules_in_force, tx_of
from server.base.db import read, write
from server.files.pack_files import read_pack
from server.models import Proposal, PublishedForm
from server.rules.calendar import add_days, local_date_of
from tests.server.office import Office, office, refusal_of

__all__ = ["office"]
PACK = "notice_2021"


def versions(office: Office) -> int:
    with office.app.app_context(), read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(PublishedForm)) or 0


def test_two_administrators_load_a_pack_and_one_alone_does_not(office: Office) -> None:
    first, second = office.seat("admin"), office.seat("deputy")
    assert "内容包" in first.get("admin")
    assert "未装入" in first.get("admin/packs")
    page = first.get(f"admin/packs/{PACK}")
    for part in ("巡逻劝阻", "park_patrol", "卡口 24 小时值守", "园林绿化中心", "尚未要求"):
        assert part in page, part
    before = versions(office)
    done = first.send(f"admin/packs/{PACK}", reason="局务会议定")
    assert done.status_code == 303, done.text
    assert versions(office) == before
    with office.app.app_context(), read() as session:
        proposal = session.scalars(sa.select(Proposal.id).where(Proposal.state == "open")).one()
    to = f"proposals/{proposal}/decide"
    assert first.send(f"proposals/{proposal}", to, verdict="approve").status_code == 409
    assert versions(office) == before
    done = second.send(f"proposals/{proposal}", to, verdict="approve")
    assert done.status_code == 303, done.text
    assert versions(office) == before + len(read_pack(PACK).forms)
    assert "已装入" in second.get("admin/packs")
    assert "装入内容包" in second.get("admin/audit")
    assert "提议装入" not in second.get(f"admin/packs/{PACK}")


def test_there_is_no_page_for_a_folder_of_the_server(office: Office) -> None:
    office.seat("admin").get("admin/packs/demo", status=404)
    office.seat("section").get("admin/packs", status=404)
    office.seat("section").get(f"admin/packs/{PACK}", status=404)


def test_a_reason_is_needed(office: Office) -> None:
    answer = office.seat("admin").send(f"admin/packs/{PACK}", reason="")
    assert answer.status_code == 422 and refusal_of(answer)


def test_two_administrators_end_a_season_and_one_alone_does_not(office: Office) -> None:
    first, second = office.seat("admin"), office.seat("deputy")
    with office.app.app_context(), write() as session:
        tx = tx_of(session, office.app.extensions["gongdi"].seals, office.cast.clock.now_ms())
        load_pack(tx, read_pack(PACK))
    day = add_days(local_date_of(office.cast.clock.now_ms()), 7)
    page, to = f"admin/packs/{PACK}", f"admin/packs/{PACK}/season"
    asked = {"way": "off", "day": day, "source": "过季", "reason": "局务会议定"}
    done = first.send(page, to, **asked)
    assert done.status_code == 303, done.text
    assert ends_of(office) == {None}
    with office.app.app_context(), read() as session:
        proposal = session.scalars(sa.select(Proposal.id).where(Proposal.state == "open")).one()
    decide = f"proposals/{proposal}/decide"
    assert day in second.get(f"proposals/{proposal}")
    assert first.send(f"proposals/{proposal}", decide, verdict="approve").status_code == 409
    assert ends_of(office) == {None}
    done = second.send(f"proposals/{proposal}", decide, verdict="approve")
    assert done.status_code == 303, done.text
    assert ends_of(office) == {day}
    assert "起用或停用内容包" in second.get("admin/audit")
    again = first.send(page, to, **asked)
    assert again.status_code == 422 and "没有变化" in again.text


def test_a_season_that_is_rejected_or_of_no_day_changes_nothing(office: Office) -> None:
    first, second = office.seat("admin"), office.seat("deputy")
    with office.app.app_context(), write() as session:
        tx = tx_of(session, office.app.extensions["gongdi"].seals, office.cast.clock.now_ms())
        load_pack(tx, read_pack(PACK))
    page, to = f"admin/packs/{PACK}", f"admin/packs/{PACK}/season"
    asked = {"way": "off", "day": "", "source": "过季", "reason": "局务会议定"}
    assert first.send(page, to, **asked).status_code == 422
    day = add_days(local_date_of(office.cast.clock.now_ms()), 7)
    assert first.send(page, to, **{**asked, "day": day}).status_code == 303
    with office.app.app_context(), read() as session:
        proposal = session.scalars(sa.select(Proposal.id).where(Proposal.state == "open")).one()
    decide = f"proposals/{proposal}/decide"
    assert (
        second.send(f"proposals/{proposal}", decide, verdict="reject", reason="日期再议").status_code == 303
    )
    assert ends_of(office) == {None}


def ends_of(office: Office) -> set[str | None]:
    """Until when the duties of the pack are asked."""
    codes = duties_of_pack(read_pack(PACK))
    with office.app.app_context(), read() as session:
        rows = rules_in_force(session).rows["duties"]
        return {row["to"] for row in rows if row["code"] in codes}
