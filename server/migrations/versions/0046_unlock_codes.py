"""Codes that open a tablet whose PIN was forgotten"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("device", sa.Column("unlock_code", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("device", "unlock_code")
