"""An administrator sees what a pack brings and proposes it; another one loads it."""

from __future__ import annotations

import sqlalchemy as sa

from server.base.db import read
from server.files.pack_files import read_pack
from server.models import Proposal, PublishedForm
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
