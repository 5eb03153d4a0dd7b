"""Fingerprints of the keys, and how far re-sealing is

Keys that are in use already are recorded by whichever process starts next, after it has tried them on what is stored.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.db import Json

revision = "0009"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "key_fingerprint",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("retired_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_key_fingerprint")),
    )
    op.create_table(
        "resealing",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("key_name", sa.String(length=4), nullable=False),
        sa.Column("after", Json, nullable=True),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_resealing")),
    )


def downgrade() -> None:
    op.drop_table("resealing")
    op.drop_table("key_fingerprint")
