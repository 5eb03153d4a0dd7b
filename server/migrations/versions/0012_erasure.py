"""Erasure of one person's data: requests, what stays of erased lines and records, and what the server signed of them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id, Json

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_UNDER_WAY = sa.text("done_ms IS NULL")
_OF_ERASED = sa.text("code = 'person_erased' AND state <> 'open'")


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("id", Id(), nullable=False),
        sa.Column("asked_by", Id(), nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("document", sa.String(length=100), nullable=False),
        sa.Column("person", sa.LargeBinary(), nullable=True),
        sa.Column("step", sa.String(length=12), nullable=False),
        sa.Column("scope_id", Id(), nullable=True),
        sa.Column("after", sa.String(length=80), nullable=True),
        sa.Column("leftover", Json, nullable=False),
        sa.Column("done", Json, nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["asked_by"], ["user_account.id"], name=op.f("fk_erasure_asked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
    )
    op.create_index(
        "ix_erasure_under_way",
        "erasure",
        ["asked_ms"],
        postgresql_where=_UNDER_WAY,
        sqlite_where=_UNDER_WAY,
    )
    op.create_table(
        "erased_line",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("entry_id", Id(), nullable=False),
        sa.Column("erasure_id", Id(), nullable=False),
        sa.Column("prev", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "entry_id", name=op.f("pk_erased_line")),
    )
    op.create_table(
        "erased_record",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("erasure_id", Id(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("scope_id", "id", name=op.f("pk_erased_record")),
    )
    op.create_index("ix_erased_record_erasure", "erased_record", ["erasure_id", "kind"])
    op.create_table(
        "erasure_seal",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("lines_digest", sa.String(length=32), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column("state_digest", sa.String(length=32), nullable=False),
        sa.Column("sig", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("scope_id", name=op.f("pk_erasure_seal")),
    )
    op.create_index(
        "ix_quarantine_erased",
        "quarantine",
        ["id"],
        postgresql_where=_OF_ERASED,
        sqlite_where=_OF_ERASED,
    )
    with op.batch_alter_table("scope") as batch_op:
        batch_op.add_column(sa.Column("erased", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("scope") as batch_op:
        batch_op.drop_column("erased")
    op.drop_index("ix_quarantine_erased", table_name="quarantine")
    op.drop_table("erasure_seal")
    op.drop_index("ix_erased_record_erasure", table_name="erased_record")
    op.drop_table("erased_record")
    op.drop_table("erased_line")
    op.drop_index("ix_erasure_under_way", table_name="erasure")
    op.drop_table("erasure")
