"""Trips into areas at risk: sites to be looked through, and what was found"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "screening",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope_id", name=op.f("pk_screening")),
    )
    op.create_table(
        "travel_hit",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("key", Id(), nullable=False),
        sa.Column("case_id", Id(), nullable=False),
        sa.Column("found_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "key", name=op.f("pk_travel_hit")),
    )


def downgrade() -> None:
    op.drop_table("travel_hit")
    op.drop_table("screening")
