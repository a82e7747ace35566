"""Alembic's environment: always on a connection that `deploy.migrating` hands over."""

from alembic import context

from deploy.migrating import included
from deploy.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    include_object=included,
    compare_type=True,
    transaction_per_migration=True,  # one that builds indexes beside the work commits what lies before it
    user_module_prefix="db.",
)
with context.begin_transaction():
    context.run_migrations()
