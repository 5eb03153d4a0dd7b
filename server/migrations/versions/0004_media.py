"""Photos: promised, on their way, arrived"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id, Json

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "media",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("taken_ms", sa.BigInteger(), nullable=True),
        sa.Column("device_id", Id(), nullable=False),
        sa.Column("arrived_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "sha256", name=op.f("pk_media")),
    )
    op.create_index(
        "ix_media_kept",
        "media",
        ["arrived_ms"],
        postgresql_where=sa.text("state = 'kept'"),
        sqlite_where=sa.text("state = 'kept'"),
    )
    op.create_table(
        "media_promise",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("entry_id", Id(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "entry_id", "sha256", name=op.f("pk_media_promise")),
    )
    op.create_index("ix_media_promise_sha256", "media_promise", ["sha256", "scope_id"])
    op.create_table(
        "media_upload",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("device_id", Id(), nullable=False),
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("at_byte", sa.BigInteger(), nullable=False),
        sa.Column("parts", Json, nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_upload")),
    )
    op.create_index("ix_media_upload_expires", "media_upload", ["expires_ms"])


def downgrade() -> None:
    op.drop_table("media_upload")
    op.drop_table("media_promise")
    op.drop_table("media")
