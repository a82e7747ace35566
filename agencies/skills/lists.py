"""Lists of skills in the database: adding them, bringing in newer versions, finding one by its label.

An import of a list says all that the list has: what is new is added, what changed is changed, and what the list has no
more is retired. Nothing that somebody has is ever taken away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, case, select, update

from agencies.models import Skill, SkillTerm
from agencies.skills.errors import BadSkillList
from agencies.skills.folding import fold
from agencies.skills.reading import SkillList
from marketplace.foundation.catalogues import LANGUAGES
from marketplace.foundation.db import Tx, insert
from security.log import audit
from security.principal import Context, Principal

MOST_FOUND = 20
MOST_WORDS = 8
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do: how many skills the list has, and how many of them were what."""

    source: str
    skills: int
    added: int
    changed: int
    retired: int
    offered_again: int

    @property
    def counts(self) -> dict[str, int]:
        """The numbers by name."""
        return {
            "skills": self.skills,
            "added": self.added,
            "changed": self.changed,
            "retired": self.retired,
            "offered_again": self.offered_again,
        }


def put(tx: Tx, lists: Sequence[SkillList], *, actor: Principal | None, context: Context) -> list[Imported]:
    """Bring in lists, all of them or none. Without `actor` an operator does it from a terminal. Raises BadSkillList."""
    return [_put(tx, each, actor, context) for each in lists]


def add(tx: Tx, code: str, labels: Mapping[str, str]) -> None:
    """Add one skill of no list with its label per language; English is required."""
    tx.execute(insert(tx, Skill).values(code=code, labels=dict(labels)))
    _put_terms(tx, {code: labels})


def labels_of(db: Tx, locale: str, codes: Iterable[str]) -> dict[str, str]:
    """The labels of these skills in a language, English where there is none; retired ones too, unknown ones not."""
    wanted = sorted(set(codes))
    found: dict[str, str] = {}
    for begin in range(0, len(wanted), _BATCH):
        part = wanted[begin : begin + _BATCH]
        for row in db.all(select(Skill.code, Skill.labels).where(Skill.code.in_(part))):
            found[row.code] = row.labels.get(locale) or row.labels.get("en") or row.code
    return found


def offered(db: Tx, codes: Iterable[str]) -> set[str]:
    """Which of these codes are skills that are offered."""
    wanted = sorted(set(codes))
    if not wanted:
        return set()
    rows = db.all(select(Skill.code).where(Skill.code.in_(wanted), ~Skill.retired))
    return {row.code for row in rows}


def find(db: Tx, words: str, locale: str, limit: int = MOST_FOUND) -> list[dict[str, str]]:
    """Skills that are offered whose label in a language has every one of the words: code and label.

    Those that begin with what was typed come first, then by label.
    """
    folded = fold(words)
    parts = folded.split()[:MOST_WORDS]
    if not parts:
        return []
    has_all = [SkillTerm.folded.contains(part, autoescape=True) for part in parts]
    first = case((SkillTerm.folded.startswith(folded, autoescape=True), 0), else_=1)
    rows = db.all(
        select(Skill.code, Skill.labels)
        .join(SkillTerm, SkillTerm.skill == Skill.code)
        .where(SkillTerm.language == locale, ~Skill.retired, *has_all)
        .order_by(first, SkillTerm.folded, Skill.code)
        .limit(limit)
    )
    return [{"code": row.code, "label": row.labels.get(locale) or row.labels["en"]} for row in rows]


def _put(tx: Tx, given: SkillList, actor: Principal | None, context: Context) -> Imported:
    before = _known(tx)
    _check_owned(given, before)
    new = {each.code: each for each in given.skills}
    mine = {code: row for code, row in before.items() if row.source == given.source}
    changed = [
        each
        for code, each in new.items()
        if code in before
        and (before[code].labels, before[code].uri, before[code].parent)
        != (each.labels, each.uri, each.parent)
    ]
    gone = [code for code, row in mine.items() if code not in new and not row.retired]
    done = Imported(
        given.source,
        len(new),
        added=sum(code not in before for code in new),
        changed=len(changed),
        retired=len(gone),
        offered_again=sum(code in mine and mine[code].retired for code in new),
    )
    _write(tx, given)
    _put_terms(tx, {code: each.labels for code, each in new.items()})
    _retire(tx, gone)
    detail = {"list": given.source, **done.counts}
    audit.record(tx, "skill.import", audit.Target("skill"), actor=actor, context=context, detail=detail)
    return done


def _known(tx: Tx) -> dict[str, Any]:
    columns = select(Skill.code, Skill.labels, Skill.source, Skill.uri, Skill.parent, Skill.retired)
    return {row.code: row for row in tx.all(columns)}


def _check_owned(given: SkillList, before: Mapping[str, Any]) -> None:
    """A code means one thing: no list changes what another one brought."""
    foreign = [
        each.code
        for each in given.skills
        if each.code in before and before[each.code].source not in (None, given.source)
    ]
    if foreign:
        of = before[foreign[0]].source
        said = f"{len(foreign)} of its codes belong to the list {of}, the first is {foreign[0]}."
        raise BadSkillList(errors=[{"row": 1, "reason": said}], count=1)


def _write(tx: Tx, given: SkillList) -> None:
    statement = insert(tx, Skill)
    names = ("labels", "source", "uri", "parent", "retired")
    statement = statement.on_conflict_do_update(
        index_elements=["code"], set_={name: statement.excluded[name] for name in names}
    )
    rows = [
        {
            "code": each.code,
            "labels": dict(each.labels),
            "source": given.source,
            "uri": each.uri,
            "parent": each.parent,
            "retired": False,
        }
        for each in given.skills
    ]
    _in_batches(tx, statement, rows)


def _put_terms(tx: Tx, labels: Mapping[str, Mapping[str, str]]) -> None:
    statement = insert(tx, SkillTerm)
    statement = statement.on_conflict_do_update(
        index_elements=["language", "skill"], set_={"folded": statement.excluded.folded}
    )
    rows = [
        {"language": language, "skill": code, "folded": fold(of.get(language) or of["en"])}
        for code, of in labels.items()
        for language in LANGUAGES
    ]
    _in_batches(tx, statement, rows)


def _retire(tx: Tx, codes: Sequence[str]) -> None:
    statement = update(Skill).where(Skill.code == bindparam("gone")).values(retired=True)
    _in_batches(tx, statement, [{"gone": code} for code in codes])


def _in_batches(tx: Tx, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    for begin in range(0, len(rows), _BATCH):
        tx.execute(statement, rows[begin : begin + _BATCH])
