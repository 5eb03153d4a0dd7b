"""Cases: people with a fever, symptoms or a red code; where sites are"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id, Json

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_file",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("stamps", Json, nullable=False),
        sa.Column("worker_id", Id(), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("reported_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.Column("check_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("scope_id", "id", name=op.f("pk_case_file")),
    )
    op.create_index(
        "ix_case_check",
        "case_file",
        ["check_ms"],
        postgresql_where=sa.text("check_ms IS NOT NULL"),
        sqlite_where=sa.text("check_ms IS NOT NULL"),
    )

    with op.batch_alter_table("site", schema=None) as batch_op:
        batch_op.add_column(sa.Column("latitude_deg", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("longitude_deg", sa.Float(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("site", schema=None) as batch_op:
        batch_op.drop_column("longitude_deg")
        batch_op.drop_column("latitude_deg")
    op.drop_table("case_file")
