"""Alembic's entry: migrates over the connection it is handed, and compares with the tables for tests."""

from alembic import context

from server.record.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=connection.dialect.name == "sqlite")
context.run_migrations()
