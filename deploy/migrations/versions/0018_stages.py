"""stages of campaigns: drafts and submitted ones wait for the approver of their agency

Releases that know no stages go on side by side with this: they look at `state`, which is open exactly while the stage
is, and what they post is open at once, as the stage's default says.

Revision ID: 0018
Revises: 0017
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Both columns are added without rewriting the table; SQLite takes a constraint only together with its column."""
    op.execute(
        "ALTER TABLE campaign ADD COLUMN stage VARCHAR(10) DEFAULT 'open' NOT NULL CONSTRAINT ck_campaign_stage "
        "CHECK (stage IN ('draft', 'submitted', 'discarded', 'open', 'paused', 'closed', 'cancelled'))"
    )
    op.execute("ALTER TABLE campaign ADD COLUMN remark TEXT")
    op.execute("UPDATE campaign SET stage = 'closed' WHERE state = 'closed'")
