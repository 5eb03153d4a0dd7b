"""Segments: facts that came together are kept in one piece, as they are served

What is stored so far stays in the rows where it is, and is read there.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "segment",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "first_seq", name=op.f("pk_segment")),
    )


def downgrade() -> None:
    """Bodies can't go back into their rows without the keys."""
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM segment")):
        raise RuntimeError("facts are kept in segments, which older versions do not read")
    op.drop_table("segment")
