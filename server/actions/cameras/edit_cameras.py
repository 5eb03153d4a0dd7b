"""Add and close the cameras of sites, one by one or from a file. Where a camera was, and when, is kept for good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from schemas.limits import LABEL_MAX
from server.actions.cameras.edit_platforms import is_id, open_platform
from server.actions.cameras.take_reports import write_rest
from server.actions.duties.plan_windows import plan_again
from server.actions.reference.check_codes import wrong
from server.base.problems import Problem, not_found
from server.files.read_workbook import Workbook
from server.files.titled_rows import refuse_faults, titled_rows
from server.models.audit import Deed, record_deed
from server.models.camera import Camera
from server.models.place import places_of
from server.models.scope import lock_scope
from server.models.site import Site, sites_called
from server.models.tx import Tx
from server.rules.cameras import is_code
from server.rules.plain_text import cleaned

TITLES = ("编码", "名称", "地点", "场所", "平台")
_NEEDED = ("编码", "地点", "平台")
CAMERAS_MAX = 10_000  # of a file
SITE_CAMERAS_MAX = 200


class NewCamera(NamedTuple):
    """A camera to be entered: site and platform by id or name, the place by name (empty: the whole site)."""

    code: str
    name: str
    site: str
    place: str
    platform: str


class Entered(NamedTuple):
    """What a file came to: cameras that are new, and those that were there just so."""

    added: int
    same: int


def add_camera(tx: Tx, new: NewCamera, by: str | None = None) -> Camera:
    """A new camera, asked from the next window on that opens. Raises Problem 404, 422 and 409."""
    made = _add(tx, new, by)
    scope = lock_scope(tx.session, made.site_id)
    assert scope is not None, "the site was locked"
    plan_again(tx, scope)
    return made


def close_camera(tx: Tx, named: str, by: str | None = None) -> Camera:
    """The camera (by its code or id) is not asked from now on. Raises Problem 404."""
    is_named = Camera.id == named if is_id(named) else Camera.code == named
    query = sa.select(Camera).where(is_named, Camera.to_ms.is_(None))
    camera = tx.session.scalar(query)
    if camera is None:
        raise not_found()
    scope = lock_scope(tx.session, camera.site_id)
    assert scope is not None, "a camera is at a site"
    tx.session.refresh(camera)
    write_rest(tx, [camera])
    camera.to_ms = tx.now_ms
    site = tx.session.get_one(Site, camera.site_id)
    record_deed(tx.session, Deed("camera_closed", by, f"{site.name} · {camera.name}", site.id), tx.now_ms)
    tx.session.flush()
    plan_again(tx, scope)
    return camera


def read_cameras(workbook: Workbook) -> list[tuple[int, NewCamera]]:
    """The cameras of the first sheet, with the number of each line. Raises Problem 422."""
    return [
        (line, NewCamera(*(_text(cells.get(title, "")) for title in TITLES)))
        for line, cells in titled_rows(workbook, TITLES, _NEEDED, CAMERAS_MAX)
    ]


def enter_cameras(tx: Tx, cameras: Sequence[tuple[int, NewCamera]], by: str | None = None) -> Entered:
    """Add the cameras of a file that are not there yet: all of it, or nothing. Entering the same file again changes nothing.
    Raises Problem 422, which names the lines."""
    faults: list[str] = []
    sites: set[str] = set()
    same = 0
    for line, new in cameras:
        try:
            if _is_there(tx.session, new):
                same += 1
            else:
                sites.add(_add(tx, new, by).site_id)
        except Problem as problem:
            faults.append(f"第 {line} 行: {problem.detail or problem.title}")
    refuse_faults(faults)
    for site_id in sorted(sites):
        scope = lock_scope(tx.session, site_id)
        assert scope is not None, "the site was locked"
        plan_again(tx, scope)
    return Entered(len(cameras) - same, same)


def _add(tx: Tx, new: NewCamera, by: str | None) -> Camera:
    """The new camera of a site that is locked, not planned yet."""
    session = tx.session
    code, site = new.code.strip(), _site(session, new.site)
    name = cleaned(new.name) or code
    if not is_code(code):
        raise wrong("code", f"“{code[:24]}”不是 20 位数字的国标编码。表格里请设为文本格式。")
    if len(name) > LABEL_MAX or not name.isprintable():
        raise wrong("name", f"名称最多 {LABEL_MAX} 个字, 不能有换行。")
    if lock_scope(session, site.id) is None:
        raise not_found()
    known = session.scalar(sa.select(Camera).where(Camera.code == code, Camera.to_ms.is_(None)))
    if known is not None:
        where = session.get_one(Site, known.site_id).name
        raise wrong("code", f"摄像机 {code} 已在 {where} 登记; 换地点请先停用。")
    count = sa.select(sa.func.count()).where(Camera.site_id == site.id, Camera.to_ms.is_(None))
    if (session.scalar(count) or 0) >= SITE_CAMERAS_MAX:
        raise wrong("code", f"一个地点最多 {SITE_CAMERAS_MAX} 个在用的摄像机。")
    try:
        platform = open_platform(session, new.platform)
    except Problem:
        raise wrong("platform", f"没有监控平台 {new.platform[:40]}, 请先新增。") from None
    made = Camera(id=str(uuid7()), code=code, name=name, site_id=site.id, platform_id=platform.id, state="")
    made.place_id, made.from_ms = _place(tx, site.id, new.place), tx.now_ms
    session.add(made)
    record_deed(
        session, Deed("camera_added", by, f"{site.name} · {name}", site.id, {"code": ("", code)}), tx.now_ms
    )
    session.flush()
    return made


def _is_there(session: Session, new: NewCamera) -> bool:
    known = session.scalar(sa.select(Camera).where(Camera.code == new.code.strip(), Camera.to_ms.is_(None)))
    return known is not None and known.site_id == _site(session, new.site).id


def _site(session: Session, named: str) -> Site:
    found = sites_called(session, named)
    if len(found) != 1:
        what = f"有 {len(found)} 个地点名为" if found else "没有地点"
        raise wrong("site", f"{what} {named[:40]}, 请用地点编号。" if found else f"{what} {named[:40]}。")
    return found[0]


def _place(tx: Tx, site_id: str, name: str) -> str | None:
    """The place of that name or id that is in use; None for the whole site."""
    name = name.strip()
    if not name:
        return None
    places = [one for one in places_of(tx.session, [site_id])[site_id] if not one.is_closed(tx.now_ms)]
    found = [one for one in places if name in (one.id, one.name)]
    if len(found) != 1:
        raise wrong("place", f"这个地点{'有几处' if found else '没有'}场所 {name[:40]}, 请核对名称。")
    return found[0].id


def _text(cell: object) -> str:
    """A cell as text: twenty digits do not fit into a number, so that a spreadsheet's number is wrong already."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()
