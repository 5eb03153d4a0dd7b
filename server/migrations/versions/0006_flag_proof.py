"""Reminders, companies that orders are addressed to, a sealed count of flags' events, reasons of settled values

Events written before are not in the count: `gongdi verify-log` says so of scopes that had flags.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_WAITING = sa.text("taken_ms IS NULL AND done_ms IS NULL")
_DUE = sa.text("next_ms IS NOT NULL")


def upgrade() -> None:
    op.drop_index("ix_flag_step_due", table_name="flag_step")
    with op.batch_alter_table("flag_step") as batch_op:
        batch_op.add_column(sa.Column("next_ms", sa.BigInteger(), nullable=True))
    op.execute("UPDATE flag_step SET next_ms = due_ms WHERE taken_ms IS NULL AND done_ms IS NULL")
    op.create_index("ix_flag_step_next", "flag_step", ["next_ms"], postgresql_where=_DUE, sqlite_where=_DUE)
    with op.batch_alter_table("flag") as batch_op:
        batch_op.add_column(sa.Column("company", sa.String(length=18), nullable=True))
    with op.batch_alter_table("scope") as batch_op:
        batch_op.add_column(sa.Column("flag_tally", sa.LargeBinary(), nullable=True))
    with op.batch_alter_table("contest") as batch_op:
        batch_op.add_column(sa.Column("settled_by", Id(), nullable=True))
        batch_op.add_column(sa.Column("settled_ms", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("reason", sa.String(length=200), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("contest") as batch_op:
        for name in ("reason", "settled_ms", "settled_by"):
            batch_op.drop_column(name)
    with op.batch_alter_table("scope") as batch_op:
        batch_op.drop_column("flag_tally")
    with op.batch_alter_table("flag") as batch_op:
        batch_op.drop_column("company")
    op.drop_index("ix_flag_step_next", table_name="flag_step")
    with op.batch_alter_table("flag_step") as batch_op:
        batch_op.drop_column("next_ms")
    op.create_index(
        "ix_flag_step_due", "flag_step", ["due_ms"], postgresql_where=_WAITING, sqlite_where=_WAITING
    )
