"""Records that were merged into another of the same person; a sealed count of the log's lines, which begins when the next
line comes; duties that are planned leave the reference data

`built` is no field any more: what was not built is planned, and is loaded when it is asked. Until then a database must not
ask for it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id, Json

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_REFERENCE = sa.table(
    "reference",
    sa.column("noun", sa.String),
    sa.column("code", sa.String),
    sa.column("valid_from", sa.String),
    sa.column("data", Json),
)


def upgrade() -> None:
    with op.batch_alter_table("worker") as batch_op:
        batch_op.add_column(sa.Column("merged_into", Id(), nullable=True))
    with op.batch_alter_table("scope") as batch_op:
        batch_op.add_column(sa.Column("line_tally", sa.LargeBinary(), nullable=True))
    for code, valid_from, data in _duties():
        mine = sa.and_(
            _REFERENCE.c.noun == "duties", _REFERENCE.c.code == code, _REFERENCE.c.valid_from == valid_from
        )
        if data.get("built") is False:
            op.execute(sa.delete(_REFERENCE).where(mine))
        elif "built" in data:
            kept = {name: value for name, value in data.items() if name != "built"}
            op.execute(sa.update(_REFERENCE).where(mine).values(data=kept))


def downgrade() -> None:
    for code, valid_from, data in _duties():
        mine = sa.and_(
            _REFERENCE.c.noun == "duties", _REFERENCE.c.code == code, _REFERENCE.c.valid_from == valid_from
        )
        op.execute(sa.update(_REFERENCE).where(mine).values(data={**data, "built": True}))
    with op.batch_alter_table("scope") as batch_op:
        batch_op.drop_column("line_tally")
    with op.batch_alter_table("worker") as batch_op:
        batch_op.drop_column("merged_into")


def _duties() -> list[tuple[str, str, dict[str, object]]]:
    query = sa.select(_REFERENCE.c.code, _REFERENCE.c.valid_from, _REFERENCE.c.data)
    rows = op.get_bind().execute(query.where(_REFERENCE.c.noun == "duties"))
    return [(row.code, row.valid_from, row.data) for row in rows]
