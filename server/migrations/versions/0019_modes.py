"""Windows of records that ask for others, windows of weeks and months, sizes of places"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_LONG = "closes_ms - opens_ms > 172800000"


def upgrade() -> None:
    op.add_column("duty_window", sa.Column("trigger_id", Id(), nullable=True))
    op.create_index(
        "ix_duty_window_long",
        "duty_window",
        ["scope_id", "closes_ms"],
        postgresql_where=sa.text(_LONG),
        sqlite_where=sa.text(_LONG),
    )
    op.create_index(
        "ix_duty_window_trigger",
        "duty_window",
        ["scope_id", "trigger_id"],
        postgresql_where=sa.text("trigger_id IS NOT NULL"),
        sqlite_where=sa.text("trigger_id IS NOT NULL"),
    )
    op.add_column("place", sa.Column("m2", sa.Float(), nullable=True))
    op.add_column("place", sa.Column("capacity", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("place", "capacity")
    op.drop_column("place", "m2")
    op.drop_index("ix_duty_window_trigger", table_name="duty_window")
    op.drop_index("ix_duty_window_long", table_name="duty_window")
    op.drop_column("duty_window", "trigger_id")
