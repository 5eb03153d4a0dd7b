"""Staff of an office belong to no company: a person's company may be unknown"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("worker") as batch_op:
        batch_op.alter_column("company", existing_type=sa.String(18), nullable=True)


def downgrade() -> None:
    op.execute(sa.text("UPDATE worker SET company = '' WHERE company IS NULL"))
    with op.batch_alter_table("worker") as batch_op:
        batch_op.alter_column("company", existing_type=sa.String(18), nullable=False)
