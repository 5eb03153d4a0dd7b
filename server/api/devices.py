"""Devices, for the administrator: who uses which, and revoking one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from server.actions.devices.revoke_device import ShownDevice, page_of_devices, revoke_device
from server.api.blueprint import ApiBlueprint, require_admin, viewer
from server.api.shapes import DevicePage, DeviceShape, NoQuery, PageQuery
from server.base.db import read, write
from server.models.paging import Page
from server.web.responses import now_ms

blueprint = ApiBlueprint("devices", __name__, url_prefix="/api/v1/devices", description="设备 (仅管理员)")
blueprint.before_request(require_admin)


@blueprint.get("")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, DevicePage)
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(403, "FORBIDDEN")
def list_devices(asked: dict[str, Any]) -> Page[ShownDevice]:
    """全部设备"""
    with read() as session:
        return page_of_devices(session, asked.get("cursor"), asked["limit"])


@blueprint.post("/<uuid:device_id>/revoke")
@blueprint.arguments(NoQuery, location="query")
@blueprint.response(200, DeviceShape)
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(403, "FORBIDDEN")
@blueprint.alt_response(404, "NOT_FOUND")
def revoke(_: dict[str, Any], device_id: UUID) -> ShownDevice:
    """注销设备 (丢失时)

    此后它被拒绝, 也不再影响完整性判断; 注销前采集的记录仍会收下, 转入复核。
    """
    with write() as session:
        return revoke_device(session, str(device_id), now_ms(), viewer().id)
