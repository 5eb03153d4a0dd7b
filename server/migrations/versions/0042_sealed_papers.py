"""What papers say and how they were served becomes sealed bytes; a paper's title stays readable

A migration has no keys: `upgrade_database` seals the bytes in the same transaction.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.base.db import Id, Json

revision = "0042"
down_revision = "0048"
branch_labels = None
depends_on = None

_COLUMNS = {"paper": ("draft", "facts"), "paper_service": ("said",)}
_BEFORE = sa.table("paper", sa.column("id", Id()), sa.column("facts", Json))
_PAPER = sa.table("paper", sa.column("id", Id()), sa.column("facts", sa.LargeBinary()), sa.column("title"))


def upgrade() -> None:
    with op.batch_alter_table("paper") as batch_op:
        batch_op.add_column(sa.Column("title", sa.String(length=100), nullable=True))
    connection = op.get_bind()
    titles = {key: str(facts.get("title", "")) for key, facts in connection.execute(sa.select(_BEFORE)).all()}
    for table, names in _COLUMNS.items():
        with op.batch_alter_table(table) as batch_op:
            for name in names:
                batch_op.alter_column(
                    name,
                    existing_type=Json,
                    type_=sa.LargeBinary(),
                    nullable=name == "facts",
                    postgresql_using=f"convert_to({name}::text, 'UTF8')",
                )
    for key, title in titles.items():
        named = {"title": title} if title else {"title": "", "facts": None}
        connection.execute(sa.update(_PAPER).where(_PAPER.c.id == key).values(**named))
    with op.batch_alter_table("paper") as batch_op:
        batch_op.alter_column("title", existing_type=sa.String(length=100), nullable=False)


def downgrade() -> None:
    """What is sealed can't be opened without the keys."""
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM paper")):
        raise RuntimeError("papers are sealed, which older versions do not read")
    for table, names in _COLUMNS.items():
        with op.batch_alter_table(table) as batch_op:
            for name in names:
                batch_op.alter_column(
                    name,
                    existing_type=sa.LargeBinary(),
                    type_=Json,
                    nullable=False,
                    postgresql_using=f"convert_from({name}, 'UTF8')::jsonb",
                )
    with op.batch_alter_table("paper") as batch_op:
        batch_op.drop_column("title")
