"""Published forms, registers that are forms, and by which version of its form a line was read"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id, Json

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_OF_FORMS = sa.text("code = 'unknown_form' AND state = 'open'")


def upgrade() -> None:
    op.create_table(
        "published_form",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("tables", sa.JSON(), nullable=False),
        sa.Column("entry_id", Id(), nullable=False),
        sa.Column("author_id", Id(), nullable=True),
        sa.Column("approver_id", Id(), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_published_form")),
    )
    op.create_table(
        "form_register",
        sa.Column("scope_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("stamps", Json, nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "id", name=op.f("pk_form_register")),
    )
    op.add_column("entry", sa.Column("form", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_quarantine_form", "quarantine", ["scope_id"], postgresql_where=_OF_FORMS, sqlite_where=_OF_FORMS
    )


def downgrade() -> None:
    op.drop_index("ix_quarantine_form", table_name="quarantine")
    op.drop_column("entry", "form")
    op.drop_table("form_register")
    op.drop_table("published_form")
