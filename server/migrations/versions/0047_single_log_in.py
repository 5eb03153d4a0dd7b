"""The account at a provider of single log-in that a user has tied"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user_account", sa.Column("oidc_digest", sa.String(length=64), nullable=True))
    op.create_index(op.f("ix_user_account_oidc_digest"), "user_account", ["oidc_digest"], unique=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_user_account_oidc_digest"), "user_account")
    op.drop_column("user_account", "oidc_digest")
