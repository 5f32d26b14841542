"""Alembic's door: migrations run on the connection that core/schema.py hands over."""

from typing import Any

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.types import TypeDecorator

from core.models import Base


def render_item(kind: str, item: Any, autogen_context: Any) -> str | bool:
    # Migrations name the underlying type, so that they never import application code.
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=render_item,
        compare_type=False,
        transaction_per_migration=False,
        transactional_ddl=True,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
