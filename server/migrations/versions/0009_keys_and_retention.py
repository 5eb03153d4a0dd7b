"""Fingerprints of the keys, how far re-sealing is, and what stays of receipts when exchanges are forgotten

Keys that are in use already are recorded by whichever process starts next, after it has tried them on what is stored.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id, Json

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_SETTLED = sa.text("settled_ms IS NOT NULL")
_BY_AGE = (
    ("ix_exchange_at", "exchange", "at_ms"),
    ("ix_boot_at", "boot", "at_ms"),
    ("ix_enrol_code_expires", "enrol_code", "expires_ms"),
)


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
    op.create_table(
        "stream_receipt",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("device_id", Id(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("receipt", Json, nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "device_id", name=op.f("pk_stream_receipt")),
    )
    for name, table, column in _BY_AGE:
        op.create_index(name, table, [column])
    op.create_index(
        "ix_quarantine_settled",
        "quarantine",
        ["settled_ms"],
        postgresql_where=_SETTLED,
        sqlite_where=_SETTLED,
    )


def downgrade() -> None:
    op.drop_index("ix_quarantine_settled", table_name="quarantine")
    for name, table, _ in _BY_AGE:
        op.drop_index(name, table_name=table)
    op.drop_table("stream_receipt")
    op.drop_table("resealing")
    op.drop_table("key_fingerprint")
