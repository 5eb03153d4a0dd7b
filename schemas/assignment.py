"""assignment: a user's duty at a site. Server-owned; comes down in the user's own scope."""

from __future__ import annotations

from schemas.fields import SITE_SCOPE_PATTERN, Body, instant, matching, uuid
from schemas.kind import Kind


class AssignmentBody(Body):
    """Which site, under which scope it is replicated, since when."""

    site = uuid("地点")
    scope = matching("同步范围", SITE_SCOPE_PATTERN, "应为 site: 加地点编号。")
    since = instant("起")


KIND = Kind("assignment", "分派", "server", AssignmentBody)
