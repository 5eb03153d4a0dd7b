"""Rosters, and the head of each flag's history"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id, Json

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_LAST = """
    UPDATE flag SET
        rev = (SELECT max(n) FROM flag_event e WHERE e.scope_id = flag.scope_id AND e.flag_id = flag.id),
        head = (SELECT hash FROM flag_event e WHERE e.scope_id = flag.scope_id AND e.flag_id = flag.id
                ORDER BY n DESC LIMIT 1)
    WHERE EXISTS (SELECT 1 FROM flag_event e WHERE e.scope_id = flag.scope_id AND e.flag_id = flag.id)
"""


def upgrade() -> None:
    with op.batch_alter_table("flag") as batch_op:
        batch_op.add_column(sa.Column("rev", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("head", sa.String(length=64), nullable=False, server_default=""))
    op.execute(_LAST)
    op.create_table(
        "disclosure",
        sa.Column("id", Id(), nullable=False),
        sa.Column("site_id", Id(), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosure")),
    )
    op.create_index("ix_disclosure_site", "disclosure", ["site_id", "at_ms"])
    op.create_table(
        "roster",
        sa.Column("id", Id(), nullable=False),
        sa.Column("site_id", Id(), nullable=False),
        sa.Column("company", sa.String(length=18), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("judged_ms", sa.BigInteger(), nullable=True),
        sa.Column("committed_ms", sa.BigInteger(), nullable=True),
        sa.Column("committed_by", Id(), nullable=True),
        sa.Column("file", sa.LargeBinary(), nullable=True),
        sa.Column("result", sa.LargeBinary(), nullable=True),
        sa.Column("counts", Json, nullable=False),
        sa.Column("told", Json, nullable=False),
        sa.Column("problem", Json, nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_roster_site_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_roster_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster")),
    )
    op.create_index("ix_roster_site", "roster", ["site_id", "company", "made_ms"])
    op.create_index(
        "ix_roster_waiting",
        "roster",
        ["made_ms"],
        postgresql_where=sa.text("state = 'received'"),
        sqlite_where=sa.text("state = 'received'"),
    )
    op.create_table(
        "roster_title",
        sa.Column("company", sa.String(length=18), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("field", sa.String(length=24), nullable=False),
        sa.PrimaryKeyConstraint("company", "title", name=op.f("pk_roster_title")),
    )
