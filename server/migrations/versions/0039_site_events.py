"""Events of sites for programs of others, and the addresses to which they go"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id, Json

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_DUE = sa.text("next_ms IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "site_event",
        sa.Column("scope_id", Id, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(length=24), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "number", name=op.f("pk_site_event")),
    )
    op.create_index("ix_site_event_at", "site_event", ["at_ms"])
    op.create_table(
        "event_sink",
        sa.Column("id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("types", Json, nullable=False),
        sa.Column("positions", Json, nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("next_ms", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_ms", sa.BigInteger(), nullable=True),
        sa.Column("failed_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["service_account.id"], name=op.f("fk_event_sink_account_id_service_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_sink")),
    )
    op.create_index(op.f("ix_event_sink_account_id"), "event_sink", ["account_id"])
    op.create_index("ix_event_sink_next", "event_sink", ["next_ms"], postgresql_where=_DUE, sqlite_where=_DUE)


def downgrade() -> None:
    op.drop_table("event_sink")
    op.drop_table("site_event")
