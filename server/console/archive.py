"""归档: a site's archive package for the archives (档案室), and a flag's (案卷包) for a court or another bureau, each made
for a reason that is kept."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from typing import IO
from uuid import UUID

from flask import Response, g, request

from schemas.limits import REASON_MAX
from server.actions.flags.document_facts import number_of
from server.actions.flags.list_flags import one_flag
from server.actions.reference.name_codes import read_names
from server.actions.sites.list_sites import one_site
from server.base.db import read
from server.base.problems import Problem
from server.console.forms import check_form
from server.console.pages import JUDGES, blueprint, render, require_role
from server.web.responses import as_download, now_ms, runtime
from server.workflows.archive_site import Archived, archive_flag, archive_site

_MIME = "application/zip"
_CHUNK = 1 << 20


@blueprint.get("/sites/<uuid:site_id>/archive")
def show_archive(site_id: UUID) -> str:
    """What a package has, and the form for its reason."""
    return _page(str(site_id), None)


@blueprint.post("/sites/<uuid:site_id>/archive")
def take_archive(site_id: UUID) -> Response | tuple[str, int]:
    """The package, made now."""
    reason = request.form.get("reason", "")
    return _made(
        lambda file: archive_site(runtime(), g.viewer, str(site_id), reason, file, now_ms()),
        "归档",
        lambda problem: _page(str(site_id), problem),
    )


@blueprint.get("/flags/<uuid:flag_id>/archive")
def show_flag_archive(flag_id: UUID) -> str:
    """What a flag's package has, and the form for its reason."""
    return _flag_page(str(flag_id), None)


@blueprint.post("/flags/<uuid:flag_id>/archive")
def take_flag_archive(flag_id: UUID) -> Response | tuple[str, int]:
    """The flag's package, made now."""
    reason = request.form.get("reason", "")
    return _made(
        lambda file: archive_flag(runtime(), g.viewer, str(flag_id), reason, file, now_ms()),
        "案卷",
        lambda problem: _flag_page(str(flag_id), problem),
    )


def _made(
    make: Callable[[IO[bytes]], Archived], title: str, page: Callable[[Problem], str]
) -> Response | tuple[str, int]:
    require_role(*JUDGES)
    check_form()
    file = tempfile.TemporaryFile()  # noqa: SIM115 -- it is closed with the response
    try:
        done = make(file)
    except BaseException as error:
        file.close()
        if isinstance(error, Problem) and error.status not in (403, 404):
            return page(error), error.status
        raise
    response = as_download(_chunks(file), _MIME, f"{title}-{done.site}.zip")
    response.call_on_close(file.close)
    return response


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Piece by piece; closed after the last one."""
    with file:
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk


def _page(site_id: str, problem: Problem | None) -> str:
    require_role(*JUDGES)
    with read() as session:
        site = one_site(session, g.viewer, site_id).site
        names = read_names(session, site_id)
    return render("archive.html", names, problem=problem, site=site, flag=None, reason_max=REASON_MAX)


def _flag_page(flag_id: str, problem: Problem | None) -> str:
    require_role(*JUDGES)
    with read() as session:
        file = one_flag(session, g.viewer, flag_id)
        names = read_names(session, file.site.id)
    shown = {"site": file.site, "flag": file.flag, "number": number_of(file)}
    return render("archive.html", names, problem=problem, **shown, reason_max=REASON_MAX)
