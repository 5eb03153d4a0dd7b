"""Cameras, and the platforms that report on them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_IN_USE = sa.text("to_ms IS NULL")
_ASKED = sa.text("next_ms IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "platform",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("adapter", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("to_ms", sa.BigInteger(), nullable=True),
        sa.Column("next_ms", sa.BigInteger(), nullable=True),
        sa.Column("heard_ms", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.String(length=100), nullable=False),
        sa.Column("flag_site", Id, nullable=True),
        sa.Column("flag_id", Id, nullable=True),
        sa.ForeignKeyConstraint(["id"], ["device.id"], name=op.f("fk_platform_id_device")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform")),
    )
    op.create_index("ix_platform_next", "platform", ["next_ms"], postgresql_where=_ASKED, sqlite_where=_ASKED)
    op.create_table(
        "camera",
        sa.Column("id", Id, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("site_id", Id, nullable=False),
        sa.Column("place_id", Id, nullable=True),
        sa.Column("platform_id", Id, nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("to_ms", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=True),
        sa.Column("heard_ms", sa.BigInteger(), nullable=True),
        sa.Column("written_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_camera_site_id_site")),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_camera_platform_id_platform")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_camera")),
    )
    op.create_index("ix_camera_site", "camera", ["site_id"])
    op.create_index("ix_camera_platform", "camera", ["platform_id"])
    op.create_index(
        "ux_camera_code", "camera", ["code"], unique=True, postgresql_where=_IN_USE, sqlite_where=_IN_USE
    )


def downgrade() -> None:
    op.drop_table("camera")
    op.drop_table("platform")
