"""Notices are listed by what they are about, and what is unread is found at once"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0030"
branch_labels = None
depends_on = None

_UNREAD = sa.text("read_ms IS NULL AND channel_id IS NULL")
_SHOWN = sa.text("channel_id IS NULL")


def upgrade() -> None:
    op.create_index(
        "ix_notice_unread",
        "notice",
        ["user_id", "flag_id"],
        postgresql_where=_UNREAD,
        sqlite_where=_UNREAD,
    )
    op.create_index(
        "ix_notice_thing",
        "notice",
        ["user_id", "flag_id", "id"],
        postgresql_where=_SHOWN,
        sqlite_where=_SHOWN,
    )


def downgrade() -> None:
    op.drop_index("ix_notice_thing", "notice")
    op.drop_index("ix_notice_unread", "notice")
