"""By what lists of flags can be narrowed."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from server.models.access import Viewer
from server.models.filters import DISTRICT, Filter, date_filter, narrowed
from server.models.flag import Flag
from server.models.site import SiteCompany
from server.rules.calendar import add_days, midnight_ms
from server.rules.flags.words import FLAG_STATE_WORDS, SEVERITIES

LIVE, ALL = "live", "all"  # of `state`: every flag that is not closed, and every flag


def _state(value: str, _viewer: Viewer) -> sa.ColumnElement[bool]:
    if value == ALL:
        return sa.true()
    return Flag.closed_ms.is_(None) if value == LIVE else Flag.state == value


def _company(value: str, _viewer: Viewer) -> sa.ColumnElement[bool]:
    return Flag.scope_id.in_(sa.select(SiteCompany.site_id).where(SiteCompany.company == value))


def _assignee(value: str, viewer: Viewer) -> sa.ColumnElement[bool]:
    """One's own, and those of colleagues for whom one stands in."""
    if value == "me":
        return Flag.assignee_id.in_((viewer.id, *viewer.stands_for))
    return Flag.assignee_id.is_(None)


FLAG_FILTERS = (
    Filter("state", "状态", "", _state, words={LIVE: "未销号", ALL: "全部", **FLAG_STATE_WORDS}),
    DISTRICT,
    Filter(
        "unit",
        "归口",
        "全部科室",
        lambda value, _: Flag.unit == value,
        noun="units",
        pattern=r"^[a-z0-9_-]{1,32}$",
        wrong="科室代码由小写字母、数字、- 和 _ 组成。",
    ),
    Filter(
        "duty",
        "职责",
        "全部职责",
        lambda value, _: Flag.duty == value,
        noun="duties",
        pattern=r"^[A-Z0-9_-]{1,24}$",
        wrong="职责代码由大写字母、数字、- 和 _ 组成。",
    ),
    Filter("severity", "程度", "全部程度", lambda value, _: Flag.severity == value, words=SEVERITIES),
    Filter(
        "assignee", "承办人", "不限", _assignee, words={"me": "我承办的", "nobody": "未指定"}, for_bureau=True
    ),
    Filter(
        "company",
        "企业",
        "全部企业",
        _company,
        noun="companies",
        pattern=r"^[0-9A-Z]{18}$",
        wrong="统一社会信用代码为 18 位。",
    ),
    date_filter("from", "开启自", lambda value, _: Flag.opened_ms >= midnight_ms(value)),
    date_filter("to", "开启至", lambda value, _: Flag.opened_ms < midnight_ms(add_days(value, 1))),
)
# What waits for one's own move is live, one's own unit's, and for a contractor its own company's.
_ELSEWHERE = ("state", "unit", "company", "from", "to")
WAITING_FILTERS = tuple(one for one in FLAG_FILTERS if one.name not in _ELSEWHERE)


def conditions(chosen: Mapping[str, str | None], viewer: Viewer) -> list[sa.ColumnElement[bool]]:
    """What a query over flags and their sites is narrowed to by these values (None or empty: any)."""
    return narrowed(FLAG_FILTERS, chosen, viewer)
