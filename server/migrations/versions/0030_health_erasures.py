"""Proofs of the erasure of health data"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id, Json

revision = "0030"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "health_erasure",
        sa.Column("scope_id", Id, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("ended_on", sa.String(length=10), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("classes", Json, nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column("photos", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.Column("seq_before", sa.BigInteger(), nullable=False),
        sa.Column("digest_before", sa.BigInteger(), nullable=False),
        sa.Column("seq_after", sa.BigInteger(), nullable=True),
        sa.Column("digest_after", sa.BigInteger(), nullable=True),
        sa.Column("leftover", Json, nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=True),
        sa.Column("looked_ms", sa.BigInteger(), nullable=True),
        sa.Column("prev", sa.String(length=64), nullable=False),
        sa.Column("sig", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "number", name=op.f("pk_health_erasure")),
        sa.UniqueConstraint("id", name=op.f("uq_health_erasure_id")),
    )


def downgrade() -> None:
    op.drop_table("health_erasure")
