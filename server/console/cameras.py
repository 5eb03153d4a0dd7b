"""Cameras: the page 在线监控, and where an administrator adds and closes cameras and platforms."""

from __future__ import annotations

from uuid import UUID

from flask import Response, g, request, url_for

from schemas.limits import LABEL_MAX
from server.actions.cameras import edit_cameras as cameras
from server.actions.cameras import edit_platforms as platforms
from server.actions.cameras.edit_cameras import TITLES, NewCamera
from server.actions.cameras.edit_platforms import ADDRESS_MAX, NOUN, SECRET_MAX, NewPlatform
from server.actions.cameras.list_cameras import STANDINGS, monitoring
from server.actions.reference.name_codes import read_names
from server.base.db import read
from server.base.problems import Problem
from server.console import field_words
from server.console.pages import blueprint, render, require_role
from server.console.submit import Answer, submit, submit_once
from server.files.new_workbook import MIME, table_workbook
from server.files.read_workbook import read_workbook
from server.models.tx import Tx
from server.models.user import ADMIN, OFFICIALS
from server.rules.cameras import EVENT_KIND
from server.web.responses import as_download, tx_of, uploaded_file


@blueprint.get("/cameras")
def show_monitoring() -> str:
    """Platforms and cameras, what is silent or offline first; what platforms think they saw, as leads."""
    require_role(*OFFICIALS, ADMIN)
    with read() as session:
        shown = monitoring(tx_of(session), g.viewer)
        names = read_names(session)
    return render(
        "monitoring.html", names, shown=shown, standings=STANDINGS, fields=field_words, event_kind=EVENT_KIND
    )


@blueprint.get("/admin/cameras")
def list_cameras_to_edit() -> str:
    """Platforms and cameras with forms for new ones."""
    return _page(None)


@blueprint.post("/admin/cameras")
def add_one_camera() -> Answer:
    """Add a camera."""
    require_role(ADMIN)
    typed = request.form
    new = NewCamera(*(typed.get(name, "") for name in ("code", "name", "site", "place", "platform")))
    return submit(lambda tx: cameras.add_camera(tx, new, g.viewer.id), _here(), _page)


@blueprint.post("/admin/cameras/<uuid:camera_id>/close")
def close_one_camera(camera_id: UUID) -> Answer:
    """Close a camera."""
    require_role(ADMIN)
    return submit(lambda tx: cameras.close_camera(tx, str(camera_id), g.viewer.id), _here(), _page)


@blueprint.post("/admin/cameras/file")
def enter_camera_file() -> Answer:
    """Add the cameras of a file; one that is wrong says where."""
    require_role(ADMIN)

    def act(tx: Tx) -> None:
        cameras.enter_cameras(tx, cameras.read_cameras(read_workbook(uploaded_file()[1])), g.viewer.id)

    return submit(act, _here(), _page)


@blueprint.get("/admin/cameras/template.xlsx")
def camera_template() -> Response:
    """An empty file with the titles."""
    require_role(ADMIN)
    return as_download(table_workbook("摄像机", TITLES, []), MIME, "摄像机.xlsx")


@blueprint.post("/admin/platforms")
def add_one_platform() -> Answer:
    """Add a platform; the secret of one that calls us is shown this once."""
    require_role(ADMIN)
    new = NewPlatform(*(request.form.get(name, "") for name in ("name", "adapter", "address", "secret")))

    def act(tx: Tx) -> tuple[str, str]:
        made, secret = platforms.add_platform(tx, new, g.viewer.id)
        return made.id, secret

    return submit_once(act, _shown_secret, _page)


@blueprint.post("/admin/platforms/<uuid:platform_id>/secret")
def renew_platform_secret(platform_id: UUID) -> Answer:
    """Another secret for a platform."""
    require_role(ADMIN)
    typed = request.form.get("secret", "")

    def act(tx: Tx) -> tuple[str, str]:
        return str(platform_id), platforms.renew_secret(tx, str(platform_id), typed, g.viewer.id)

    return submit_once(act, _shown_secret, _page)


@blueprint.post("/admin/platforms/<uuid:platform_id>/close")
def close_one_platform(platform_id: UUID) -> Answer:
    """Close a platform that has no cameras in use."""
    require_role(ADMIN)
    return submit(lambda tx: platforms.close_platform(tx, str(platform_id), g.viewer.id), _here(), _page)


def _here() -> str:
    return url_for("console.list_cameras_to_edit")


def _shown_secret(made: tuple[str, str]) -> str:
    return _page(None, made=made)


def _page(problem: Problem | None, made: tuple[str, str] | None = None) -> str:
    require_role(ADMIN)
    with read() as session:
        tx = tx_of(session)
        shown = monitoring(tx, g.viewer)
        adapters = [(str(row["code"]), str(row["name"])) for row in tx.book.rows.get(NOUN, ())]
        names = read_names(session)
    limits = {"name_max": LABEL_MAX, "address_max": ADDRESS_MAX, "secret_max": SECRET_MAX}
    values = {"shown": shown, "adapters": adapters, "titles": TITLES, "standings": STANDINGS, "made": made}
    return render("admin_cameras.html", names, problem=problem, **values, **limits)
