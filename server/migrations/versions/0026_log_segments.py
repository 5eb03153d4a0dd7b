"""Log segments: lines that came together are kept in one segment, sealed once

What is stored so far stays in the rows where it is, and is read there.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "log_segment",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "id", name=op.f("pk_log_segment")),
    )


def downgrade() -> None:
    """Lines can't go back into their rows without the keys."""
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM log_segment")):
        raise RuntimeError("lines of the log are kept in segments, which older versions do not read")
    op.drop_table("log_segment")
