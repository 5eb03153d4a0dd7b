"""Which photos an open flag needs: they stay, however old they are, until it is closed."""

from __future__ import annotations

import sqlalchemy as sa

from server.models.entry import LogEntry
from server.models.flag import Flag, FlagEvent
from server.models.media import Media, MediaPromise
from server.models.window import Window


def is_held() -> sa.ColumnElement[bool]:
    """Whether a row of Media is evidence of a flag that is open: of what a tablet recorded, photos of entries that met
    the flag's windows, fell into them, are about a case that its history names, or recheck it; of what people sent with
    their moves, everything since it was opened."""
    is_open = sa.and_(Flag.scope_id == Media.scope_id, Flag.closed_ms.is_(None))
    promised = sa.and_(MediaPromise.scope_id == Media.scope_id, MediaPromise.sha256 == Media.sha256)
    entry = sa.and_(LogEntry.scope_id == MediaPromise.scope_id, LogEntry.id == MediaPromise.entry_id)
    window = sa.exists().where(
        Window.scope_id == Flag.scope_id,
        Window.flag_id == Flag.id,
        sa.or_(
            Window.evidence == LogEntry.id,
            sa.and_(LogEntry.event_ms >= Window.opens_ms, LogEntry.event_ms < Window.closes_ms),
        ),
    )
    case = sa.exists().where(
        FlagEvent.scope_id == Flag.scope_id,
        FlagEvent.flag_id == Flag.id,
        FlagEvent.detail["case"].as_string() == sa.cast(LogEntry.record_id, sa.String(36)),
    )
    recheck = sa.exists().where(
        FlagEvent.scope_id == Flag.scope_id,
        FlagEvent.flag_id == Flag.id,
        FlagEvent.detail["record"].as_string() == sa.cast(LogEntry.record_id, sa.String(36)),
    )
    return sa.or_(
        sa.exists().where(is_open, promised, entry, sa.or_(window, case, recheck)),
        sa.and_(sa.exists().where(is_open, Flag.opened_ms <= Media.arrived_ms), ~sa.exists().where(promised)),
    )
