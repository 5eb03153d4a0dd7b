"""Service accounts, their keys, and the numbers by which their systems know people"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id, Json

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "service_account",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("system", sa.String(length=32), nullable=False),
        sa.Column("device_id", Id, nullable=True),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["user_account.id"], name=op.f("fk_service_account_id_user_account")),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("fk_service_account_device_id_device")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_account")),
    )
    op.create_table(
        "service_key",
        sa.Column("id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("key_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("begins", sa.String(length=16), nullable=False),
        sa.Column("scopes", Json, nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=True),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["service_account.id"], name=op.f("fk_service_key_account_id_service_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_key")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_service_key_key_hash")),
    )
    op.create_index(op.f("ix_service_key_account_id"), "service_key", ["account_id"])
    op.create_table(
        "person_number",
        sa.Column("scope_id", Id, nullable=False),
        sa.Column("system", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("worker_id", Id, nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "system", "digest", name=op.f("pk_person_number")),
    )
    op.create_index("ix_person_number_worker", "person_number", ["scope_id", "worker_id"])


def downgrade() -> None:
    op.drop_table("person_number")
    op.drop_table("service_key")
    op.drop_table("service_account")
