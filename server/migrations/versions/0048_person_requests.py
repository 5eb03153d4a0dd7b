"""Requests of people about their own data"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

_OPEN = sa.text("next_ms IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "person_request",
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("site_id", Id, nullable=True),
        sa.Column("said", sa.LargeBinary(), nullable=False),
        sa.Column("received_by", Id, nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("next_ms", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=8), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("answered_by", Id, nullable=True),
        sa.Column("answered_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_person_request_site_id_site")),
        sa.ForeignKeyConstraint(
            ["received_by"], ["user_account.id"], name=op.f("fk_person_request_received_by_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["user_account.id"], name=op.f("fk_person_request_answered_by_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_request")),
    )
    op.create_index(
        "ix_person_request_next", "person_request", ["next_ms"], postgresql_where=_OPEN, sqlite_where=_OPEN
    )
    op.create_index("ix_person_request_answered", "person_request", ["answered_ms"])


def downgrade() -> None:
    op.drop_index("ix_person_request_answered", "person_request")
    op.drop_index("ix_person_request_next", "person_request")
    op.drop_table("person_request")
