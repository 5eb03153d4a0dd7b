"""Companies by their 统一社会信用代码: what they are called, and where they work."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.certificates import PROBLEMS, company_problem
from schemas.limits import SITE_NAME_MAX
from server.actions.reference.check_codes import wrong
from server.models.audit import Deed, record_deed
from server.models.paging import Slice
from server.models.site import Company, SiteCompany
from server.models.tx import Tx
from server.models.user import User
from server.rules.plain_text import cleaned

NAME_MAX = SITE_NAME_MAX


@dataclass(frozen=True, slots=True)
class ShownCompany:
    """A company, at how many sites it works, and how many of its people can log in."""

    company: Company
    sites: int
    users: int


def name_company(tx: Tx, code: str, name: str, by: str | None) -> Company:
    """The company of this code, called so from now on; without a name a known one stays as it is. Raises Problem 422."""
    code, name = code.strip().upper(), cleaned(name)
    problem = company_problem(code)
    if problem is not None:
        raise wrong("code", PROBLEMS[problem])
    found = tx.session.get(Company, code)
    if not name and found is not None:
        return found
    if not 0 < len(name) <= NAME_MAX:
        raise wrong("name", f"请填写企业名称, 最多 {NAME_MAX} 个字。")
    before = found.name if found is not None else None
    if before != name:
        found = tx.session.merge(Company(code=code, name=name))
        deed = Deed("company_named", by, name, code, {"name": (before, name)})
        record_deed(tx.session, deed, tx.now_ms)
    assert found is not None
    tx.session.flush()
    return found


def companies_found(session: Session, text: str, part: Slice) -> tuple[list[ShownCompany], int]:
    """The companies with this text in name or code, by name; and how many there are."""
    sites = sa.select(sa.func.count()).where(SiteCompany.company == Company.code).scalar_subquery()
    users = sa.select(sa.func.count()).where(User.company == Company.code, User.active).scalar_subquery()
    query = sa.select(Company, sites, users).order_by(Company.name, Company.code)
    plain = cleaned(text)[:NAME_MAX]
    if plain:
        columns = (Company.name, Company.code)
        query = query.where(sa.or_(*(column.contains(plain, autoescape=True) for column in columns)))
    total = session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
    rows = session.execute(query.offset(part.start).limit(part.limit))
    return [ShownCompany(*row) for row in rows], total
