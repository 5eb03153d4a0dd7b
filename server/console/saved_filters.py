"""常用筛选: what a list is narrowed to, kept under a name of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

from flask import g, request, url_for

from server.actions.accounts.saved_filters import forget_filter, save_filter
from server.actions.flags.filters import FLAG_FILTERS, WAITING_FILTERS
from server.base.problems import Problem, not_found
from server.console.pages import blueprint
from server.console.submit import Answer, submit
from server.models.filters import Filter

PAGES: Mapping[str, tuple[str, tuple[Filter, ...]]] = {  # by code: the endpoint, and by what it is narrowed
    "flags": ("console.list_flags", FLAG_FILTERS),
    "today": ("console.show_today", WAITING_FILTERS),
}


@blueprint.post("/filters/<page>")
def keep_filter(page: str) -> Answer:
    """Keep what the page is narrowed to, and go back to it."""
    endpoint, filters = _page_of(page)
    given = {one.name: request.form.get(one.name, "") for one in filters}
    asked = {one.name: given[one.name] for one in filters if given[one.name] and one.may_be(given[one.name])}
    name = request.form.get("name", "")
    return submit(
        lambda tx: save_filter(tx, g.viewer, page, name, asked),
        f"{url_for(endpoint)}?{urlencode(asked)}",
        _refused,
    )


@blueprint.post("/filters/<page>/<uuid:filter_id>/forget")
def drop_filter(page: str, filter_id: UUID) -> Answer:
    """Delete one."""
    endpoint, _ = _page_of(page)
    return submit(lambda tx: forget_filter(tx, g.viewer, str(filter_id)), url_for(endpoint), _refused)


def _page_of(page: str) -> tuple[str, tuple[Filter, ...]]:
    if page not in PAGES:
        raise not_found()
    return PAGES[page]


def _refused(problem: Problem) -> str:
    raise problem
