"""Papers, their numbers and service"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id, Json

revision = "0034"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "paper",
        sa.Column("id", Id, nullable=False),
        sa.Column("scope_id", Id, nullable=False),
        sa.Column("flag_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("company", sa.String(length=18), nullable=True),
        sa.Column("parent_id", Id, nullable=True),
        sa.Column("about_n", sa.Integer(), nullable=True),
        sa.Column("draft", Json, nullable=False),
        sa.Column("facts", Json, nullable=False),
        sa.Column("series", sa.String(length=64), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=True),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=True),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_by", Id, nullable=False),
        sa.Column("signed_ms", sa.BigInteger(), nullable=True),
        sa.Column("signed_by", Id, nullable=True),
        sa.Column("served_ms", sa.BigInteger(), nullable=True),
        sa.Column("voided_ms", sa.BigInteger(), nullable=True),
        sa.Column("void_reason", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper")),
        sa.UniqueConstraint("series", "year", "n", name=op.f("uq_paper_series_year_n")),
    )
    op.create_index("ix_paper_flag", "paper", ["scope_id", "flag_id"])
    op.create_index("ix_paper_made", "paper", ["made_ms", "id"])
    op.create_table(
        "paper_file",
        sa.Column("paper_id", Id, nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_paper_file_paper_id")),
        sa.PrimaryKeyConstraint("paper_id", name=op.f("pk_paper_file")),
    )
    op.create_table(
        "paper_service",
        sa.Column("paper_id", Id, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("said", Json, nullable=False),
        sa.Column("review_until", sa.String(length=10), nullable=False),
        sa.Column("suit_until", sa.String(length=10), nullable=False),
        sa.Column("recorded_ms", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", Id, nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_paper_service_paper_id")),
        sa.PrimaryKeyConstraint("paper_id", "n", name=op.f("pk_paper_service")),
    )
    op.create_table(
        "paper_number",
        sa.Column("series", sa.String(length=64), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series", "year", name=op.f("pk_paper_number")),
    )


def downgrade() -> None:
    for name in ("paper_number", "paper_service", "paper_file", "paper"):
        op.drop_table(name)
