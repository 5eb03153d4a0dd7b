"""The session of a transaction."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask_sqlalchemy.session import Session


class OneDatabase(Session):
    """All tables are in one database: it is looked up once, and not for each statement by the tables that are in it."""

    _one: sa.Engine | None = None

    def get_bind(
        self,
        mapper: Any | None = None,
        clause: Any | None = None,
        bind: sa.Engine | sa.Connection | None = None,
        **_: Any,
    ) -> sa.Engine | sa.Connection:
        if bind is not None:
            return bind
        if self._one is None:
            self._one = self._db.engine
        return self._one
