"""site: a place under inspection. Server-owned: it only comes down."""

from __future__ import annotations

from typing import Any, ClassVar

from schemas import limits
from schemas.fields import (
    Body,
    choice,
    coded,
    company_code,
    instant,
    many,
    matching,
    nested,
    number,
    text,
    uuid,
    yes_no,
)
from schemas.kind import Kind

_DISTRICT_PATTERN = f"^[0-9]{{{limits.DISTRICT_MIN},{limits.DISTRICT_MAX}}}$"


class EarlierNameBody(Body):
    """A name that a place had, until it was given the next one."""

    name = text("名称", limits.PLACE_NAME_MAX)
    until = instant("止")


class PlaceBody(Body):
    """A place of a site, in use from when to when. Its kind is reference data: another sort of site has other places."""

    id = uuid("编号")
    kind = coded("场所类型")
    name = text("名称", limits.PLACE_NAME_MAX)
    to = instant("停用", optional=True)
    earlier = many("曾用名称", nested("曾用名称", EarlierNameBody), limits.PLACES_MAX, optional=True)

    class Meta(Body.Meta):
        include: ClassVar[dict[str, Any]] = {"from": instant("启用", optional=True)}  # a word of Python


class SuspensionBody(Body):
    """An approved pause of the site's work; open-ended while `until` is absent."""

    since = instant("起")
    until = instant("止", optional=True)
    reason = text("事由", limits.REASON_MAX)
    approved_by = text("批准人", limits.LABEL_MAX)


class SiteBody(Body):
    """What a tablet needs of a site."""

    name = text("名称", limits.SITE_NAME_MAX)
    district = matching("行政区划代码", _DISTRICT_PATTERN, "应为 6 到 9 位行政区划代码。")
    kind = coded("类型")
    company = company_code("总承包企业 (统一社会信用代码)", optional=True)
    address = text("地址", limits.ADDRESS_MAX, optional=True)
    unit = coded("主管科室", optional=True)
    stage = choice("阶段", ("preparing", "building", "stopped", "completed"))
    alert = choice("防控级别", ("normal", "raised"), optional=True)
    inhabited = yes_no("是否有人居住")
    places = many("场所", nested("场所", PlaceBody), limits.PLACES_MAX)
    closed_places = many("停用的场所", nested("场所", PlaceBody), limits.PLACES_MAX, optional=True)
    suspended = nested("当前停工", SuspensionBody, optional=True)
    latitude_deg = number("纬度", -90, 90, optional=True)
    longitude_deg = number("经度", -180, 180, optional=True)


KIND = Kind("site", "地点", "server", SiteBody)
