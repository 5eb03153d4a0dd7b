"""Alembic's entry: migrations run on the connection that `gongdi db upgrade` hands over."""

from __future__ import annotations

from alembic import context

from server import models
from server.base.db import Base

assert models
connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=Base.metadata, render_as_batch=True, compare_type=True
)
with context.begin_transaction():
    context.run_migrations()
