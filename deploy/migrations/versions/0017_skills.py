"""skills from lists, how well somebody has one, who confirmed it, and what people want to learn

What is added may be empty or has a default, so that a release that does not know it goes on writing. Its skills are
found by their label from the next import on.

Revision ID: 0017
Revises: 0016
"""

import unicodedata

import sqlalchemy as sa
from alembic import op

from marketplace.foundation.db import Json

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

LANGUAGES = ("en", "de", "nl", "fr")
SKILL = sa.table("skill", sa.column("code", sa.String), sa.column("labels", Json))
TERM = sa.table(
    "skill_term",
    sa.column("language", sa.String),
    sa.column("skill", sa.String),
    sa.column("folded", sa.String),
)


def upgrade() -> None:
    op.add_column("skill", sa.Column("source", sa.String(length=60), nullable=True))
    op.add_column("skill", sa.Column("uri", sa.String(length=400), nullable=True))
    op.add_column("skill", sa.Column("parent", sa.String(length=60), nullable=True))
    op.add_column("skill", sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(
        "ALTER TABLE person_skill ADD COLUMN level SMALLINT "
        "CONSTRAINT ck_person_skill_level CHECK (level BETWEEN 1 AND 3)"
    )
    _tables()
    _fill_terms()


def _tables() -> None:
    op.create_table(
        "skill_term",
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("skill", sa.String(length=60), nullable=False),
        sa.Column("folded", sa.String(length=400), nullable=False),
        sa.ForeignKeyConstraint(["skill"], ["skill.code"], name=op.f("fk_skill_term_skill")),
        sa.PrimaryKeyConstraint("language", "skill", name=op.f("pk_skill_term")),
    )
    op.create_table(
        "skill_confirmation",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("skill", sa.String(length=60), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=True),
        sa.Column("confirmed_by", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.CheckConstraint("level BETWEEN 1 AND 3", name=op.f("ck_skill_confirmation_level")),
        sa.CheckConstraint("confirmed_by <> person_id", name=op.f("ck_skill_confirmation_not_oneself")),
        sa.ForeignKeyConstraint(
            ["person_id", "skill"],
            ["person_skill.person_id", "person_skill.skill"],
            name=op.f("fk_skill_confirmation_person_id_skill"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_skill_confirmation_agency_id")),
        sa.ForeignKeyConstraint(
            ["confirmed_by"], ["person.id"], name=op.f("fk_skill_confirmation_confirmed_by")
        ),
        sa.PrimaryKeyConstraint("person_id", "skill", "agency_id", name=op.f("pk_skill_confirmation")),
    )
    op.create_table(
        "wanted_skill",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("skill", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_wanted_skill_person_id")),
        sa.ForeignKeyConstraint(["skill"], ["skill.code"], name=op.f("fk_wanted_skill_skill")),
        sa.PrimaryKeyConstraint("person_id", "skill", name=op.f("pk_wanted_skill")),
    )


def _fill_terms() -> None:
    """What there is can be searched at once."""
    connection = op.get_bind()
    rows = [
        {
            "language": language,
            "skill": code,
            "folded": _folded(labels.get(language) or labels.get("en") or code),
        }
        for code, labels in connection.execute(sa.select(SKILL.c.code, SKILL.c.labels)).all()
        for language in LANGUAGES
    ]
    if rows:
        connection.execute(sa.insert(TERM), rows)


def _folded(label: str) -> str:
    apart = unicodedata.normalize("NFKD", label)
    for _ in range(2):
        apart = unicodedata.normalize("NFKD", apart.casefold())
    return " ".join("".join(each for each in apart if not unicodedata.combining(each)).split())[:400].rstrip()
