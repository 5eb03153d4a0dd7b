"""Rosters are committed in parts: the tick finds those that a process left half-way"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _index("state IN ('received', 'committing')")


def downgrade() -> None:
    _index("state = 'received'")


def _index(of: str) -> None:
    op.drop_index("ix_roster_waiting", table_name="roster")
    op.create_index(
        "ix_roster_waiting",
        "roster",
        ["made_ms"],
        postgresql_where=sa.text(of),
        sqlite_where=sa.text(of),
    )
