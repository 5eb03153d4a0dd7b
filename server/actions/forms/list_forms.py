"""The forms of this server: what is published, by whom, and what it reaches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.forms.definition import Form
from schemas.forms.shipped import shipped_codes, shipped_tables_json
from server.actions.forms.surroundings import versions_of
from server.base.problems import Problem
from server.models.device import OWN_CLASS, Device
from server.models.published_form import PublishedForm
from server.models.site import Site
from server.models.user import Assignment, User
from server.rules.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class ShownForm:
    """A version of a form: who wrote it and who approved it (ids of users; None: a command on the server, or it came with
    the server), when it was published."""

    form: Form
    author_id: str | None
    approver_id: str | None
    at_ms: int | None

    @property
    def is_shipped(self) -> bool:
        """Whether it came with the server."""
        return self.at_ms is None


def list_forms(session: Session, book: Rulebook) -> list[ShownForm]:
    """Every version of every form, by code, the latest version first."""
    rows = {(row.code, row.version): row for row in session.scalars(sa.select(PublishedForm))}
    shown = []
    for code in sorted(book.kinds.forms):
        for form in reversed(versions_of(book, code)):
            row = rows.get((code, form.version))
            signed = (row.author_id, row.approver_id, row.at_ms) if row is not None else (None, None, None)
            shown.append(ShownForm(form, *signed))
    return shown


def signers_of(session: Session, shown: Iterable[ShownForm]) -> dict[str, str]:
    """The names of those who wrote and approved these, by their ids."""
    ids = {by for one in shown for by in (one.author_id, one.approver_id) if by is not None}
    query = sa.select(User.id, User.display_name).where(User.id.in_(ids))
    return {row.id: row.display_name for row in session.execute(query)}


@dataclass(frozen=True, slots=True)
class Reach:
    """How many sites a form is for, how many inspectors have one of them, and how many tablets those have."""

    sites: int
    inspectors: int
    tablets: int

    def __str__(self) -> str:
        """Whom it reaches, or what has to be done first."""
        counted = f"地点 {self.sites} 个, 平板 {self.tablets} 台"
        if not self.sites:
            return f"{counted}。现在没有这些类型的地点: 增加地点、指派检查员之后, 他们的平板下一次同步就有"
        if not self.inspectors:
            return f"{counted}。这些地点还没有指派检查员: 指派之后, 他们的平板下一次同步就有"
        if not self.tablets:
            return f"{counted}。指派的 {self.inspectors} 名检查员还没有在用的平板: 发注册码、登记之后就有"
        return f"{counted}, 下一次同步就有"


def reach_of(session: Session, form: Form) -> Reach:
    """Whom a form reaches: the sites of its kinds, and the working tablets of those who inspect them."""
    mine = sa.select(Site.id).where(Site.kind.in_(form.site_kinds))
    sites = session.scalar(sa.select(sa.func.count()).select_from(mine.subquery())) or 0
    inspectors = sa.select(sa.func.count(Assignment.user_id.distinct())).where(
        Assignment.site_id.in_(mine), Assignment.ended_ms.is_(None)
    )
    query = (
        sa.select(sa.func.count(Device.id.distinct()))
        .join(Assignment, Assignment.user_id == Device.user_id)
        .where(Assignment.site_id.in_(mine), Assignment.ended_ms.is_(None))
        .where(Device.state == "active", Device.device_class != OWN_CLASS)
    )
    return Reach(sites, session.scalar(inspectors) or 0, session.scalar(query) or 0)


def form_of_code(book: Rulebook, code: str, version: int | None = None) -> Form:
    """A version of a form, or the latest. Raises Problem 404 `unknown_form`."""
    versions = {form.version: form for form in versions_of(book, code)}
    found = versions.get(max(versions, default=0) if version is None else version)
    if found is None:
        named = code if version is None else f"{code} 第 {version} 版"
        raise Problem("unknown_form", f"没有表单 {named}。")
    return found


def tables_of(session: Session, form: Form) -> Mapping[str, list[dict[str, Any]]]:
    """The workbook of a published form, as its author wrote it."""
    row = session.get(PublishedForm, (form.code, form.version))
    if row is None:
        assert form.code in shipped_codes(), "what was not published came with the server"
        return shipped_tables_json(form.code)
    return row.tables
