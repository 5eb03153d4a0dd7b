"""Coverage kept for each day, and indexes of the people who are not counted one by one"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id, Json

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_UNUSUAL = sa.text("canteen_staff OR merged_into IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "coverage_day",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("local_date", sa.String(length=10), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("to_ms", sa.BigInteger(), nullable=False),
        sa.Column("windows", Json, nullable=False),
        sa.Column("tallies", Json, nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "local_date", name=op.f("pk_coverage_day")),
    )
    op.create_index("ix_coverage_day_to", "coverage_day", ["to_ms"])
    op.create_table(
        "coverage_worker",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("local_date", sa.String(length=10), nullable=False),
        sa.Column("worker", sa.String(length=36), nullable=False),
        sa.Column("attendance", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "local_date", "worker", name=op.f("pk_coverage_worker")),
    )
    op.create_index("ix_worker_person", "worker", ["scope_id", "certificate_digest"])
    op.create_index(
        "ix_worker_unusual", "worker", ["scope_id"], postgresql_where=_UNUSUAL, sqlite_where=_UNUSUAL
    )


def downgrade() -> None:
    op.drop_index("ix_worker_unusual", table_name="worker")
    op.drop_index("ix_worker_person", table_name="worker")
    op.drop_table("coverage_worker")
    op.drop_index("ix_coverage_day_to", table_name="coverage_day")
    op.drop_table("coverage_day")
