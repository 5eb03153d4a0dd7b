"""Reports of weeks and months; flags by when they changed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Json

revision = "0025"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "report",
        sa.Column("plan", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=8), nullable=False),
        sa.Column("first_day", sa.String(length=10), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("facts", Json, nullable=False),
        sa.Column("workbook", sa.LargeBinary(), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("plan", "period", "first_day", name=op.f("pk_report")),
    )
    op.create_index(op.f("ix_flag_changed"), "flag", ["changed_ms"])


def downgrade() -> None:
    op.drop_index(op.f("ix_flag_changed"), table_name="flag")
    op.drop_table("report")
