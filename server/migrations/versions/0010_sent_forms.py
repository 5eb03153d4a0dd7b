"""Forms that were sent: one move a form, and drafts of those whose session was over; notices of no flag"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sent_form",
        sa.Column("nonce", sa.String(length=32), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("page", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("fields", sa.LargeBinary(), nullable=True),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_sent_form_user_id")),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_sent_form")),
    )
    op.create_index("ix_sent_form_page", "sent_form", ["user_id", "page"])
    op.create_index("ix_sent_form_made", "sent_form", ["made_ms"])
    with op.batch_alter_table("notice") as batch_op:
        for name in ("scope_id", "flag_id"):
            batch_op.alter_column(name, existing_type=Id(), nullable=True)
        batch_op.add_column(sa.Column("detail", sa.String(length=200), nullable=False, server_default=""))


def downgrade() -> None:
    op.execute("DELETE FROM notice WHERE flag_id IS NULL")
    with op.batch_alter_table("notice") as batch_op:
        for name in ("scope_id", "flag_id"):
            batch_op.alter_column(name, existing_type=Id(), nullable=False)
        batch_op.drop_column("detail")
    op.drop_table("sent_form")
