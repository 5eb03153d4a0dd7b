"""Cases: of those that were opened before there was a course of steps, their reports alone are asked"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "case_file", sa.Column("has_course", sa.Boolean(), server_default=sa.true(), nullable=False)
    )
    op.execute(sa.text("UPDATE case_file SET has_course = :no").bindparams(no=False))


def downgrade() -> None:
    op.drop_column("case_file", "has_course")
