"""Places with ids: a table of their own, windows of single places, and facts by the id of their place"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid5

import sqlalchemy as sa
from alembic import op

from server.base.db import Id, Json

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_MAYBE = sa.text("maybe_places IS NOT NULL")
_KIND = "disinfection_log"  # the one kind whose facts were about places, and whose bodies are not sealed
_SITE = sa.table("site", sa.column("id", Id()), sa.column("places", Json), sa.column("planned_stamp"))
_PLACE = sa.table(
    "place",
    *(sa.column("site_id", Id()), sa.column("id", Id()), sa.column("number"), sa.column("kind")),
    *(sa.column("names", Json), sa.column("from_ms"), sa.column("to_ms")),
)
_RECORD = sa.table(
    "record",
    *(sa.column("scope_id", Id()), sa.column("id", Id()), sa.column("kind"), sa.column("subject")),
    *(sa.column("maybe_places"), sa.column("body")),
)


def upgrade() -> None:
    op.create_table(
        "place",
        sa.Column("site_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("names", Json, nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("to_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_place_site_id")),
        sa.PrimaryKeyConstraint("site_id", "id", name=op.f("pk_place")),
    )
    op.add_column("duty_window", sa.Column("place_id", Id(), nullable=True))
    op.add_column("record", sa.Column("maybe_places", sa.Text(), nullable=True))
    op.add_column("kept_evidence", sa.Column("maybe_places", sa.Text(), nullable=True))
    op.create_index(
        "ix_record_maybe_places", "record", ["scope_id"], postgresql_where=_MAYBE, sqlite_where=_MAYBE
    )
    connection = op.get_bind()
    for site_id, places in _places(connection):
        connection.execute(sa.insert(_PLACE), places)
        _name_facts(connection, site_id, places)
    # Planned again by the next tick: windows to come are the places' own.
    connection.execute(sa.update(_SITE).values(planned_stamp=""))
    with op.batch_alter_table("site") as batch_op:
        batch_op.drop_column("places")


def _places(connection: sa.Connection) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each site that has places, with their rows: as old as the site."""
    for site_id, places in connection.execute(sa.select(_SITE.c.id, _SITE.c.places)).all():
        rows = [
            {
                **{"site_id": site_id, "id": str(uuid5(UUID(site_id), f"place {number}")), "number": number},
                **{"kind": place["kind"], "names": [[place["name"], 0]], "from_ms": 0, "to_ms": None},
            }
            for number, place in enumerate(places or [], 1)
        ]
        if rows:
            yield site_id, rows


def _name_facts(connection: sa.Connection, site_id: str, places: list[dict[str, Any]]) -> None:
    """What facts are about is the id of their place; where several may be meant, their ids."""
    facts = sa.and_(_RECORD.c.scope_id == site_id, _RECORD.c.kind == _KIND)
    for kind in sorted({place["kind"] for place in places}):
        mine = [place for place in places if place["kind"] == kind]
        of_kind = sa.and_(facts, _RECORD.c.subject == kind)
        if len(mine) == 1:
            connection.execute(sa.update(_RECORD).where(of_kind).values(subject=mine[0]["id"]))
            continue
        for key, body in connection.execute(sa.select(_RECORD.c.id, _RECORD.c.body).where(of_kind)).all():
            name = json.loads(bytes(body)).get("place_name")
            named = [place["id"] for place in mine if place["names"][0][0] == name]
            meant = named or [place["id"] for place in mine]
            found = {"subject": meant[0]} if len(meant) == 1 else {"maybe_places": " ".join(meant)}
            one = sa.and_(_RECORD.c.scope_id == site_id, _RECORD.c.id == key)
            connection.execute(sa.update(_RECORD).where(one).values(**found))


def downgrade() -> None:
    with op.batch_alter_table("site") as batch_op:
        batch_op.add_column(sa.Column("places", Json, nullable=False, server_default="[]"))
    connection = op.get_bind()
    found: dict[str, list[dict[str, Any]]] = {}
    for row in connection.execute(sa.select(_PLACE).order_by(_PLACE.c.site_id, _PLACE.c.number)).all():
        if row.to_ms is None:
            found.setdefault(row.site_id, []).append({"kind": row.kind, "name": row.names[-1][0]})
        mine = sa.and_(_RECORD.c.scope_id == row.site_id, _RECORD.c.subject == row.id)
        connection.execute(sa.update(_RECORD).where(mine).values(subject=row.kind))
    for site_id, places in found.items():
        connection.execute(sa.update(_SITE).where(_SITE.c.id == site_id).values(places=places))
    with op.batch_alter_table("site") as batch_op:
        batch_op.alter_column("places", server_default=None)
    op.drop_index("ix_record_maybe_places", table_name="record")
    op.drop_column("kept_evidence", "maybe_places")
    op.drop_column("record", "maybe_places")
    op.drop_column("duty_window", "place_id")
    op.drop_table("place")
