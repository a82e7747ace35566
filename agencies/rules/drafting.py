"""What an administrator is working on: rules that hold for nobody until they are signed. One draft per person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from agencies import people
from agencies.rules import reading
from agencies.rules.errors import (
    BadRule,
    DraftChanged,
    NoSuchRule,
    NothingDrafted,
    RuleNameTaken,
)
from agencies.rules.models import AccessRuleDraft
from marketplace.foundation import clock, db
from marketplace.foundation.db import Tx
from security.access.rules import RuleSet
from security.canonical import canonical_bytes
from security.log import audit
from security.principal import Context, Principal, Role


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as its author sees it. `revision` is 0 where nothing has been changed yet."""

    body: dict[str, Any]
    based_on: int
    revision: int
    changed_at: datetime | None = None

    def rule(self, rule_id: str) -> dict[str, Any]:
        """One rule. Raises NoSuchRule."""
        found: dict[str, Any] | None = next((r for r in self.body["rules"] if r["id"] == rule_id), None)
        if found is None:
            raise NoSuchRule()
        return found


def read(db: Tx, actor: Principal) -> Draft | None:
    """The actor's draft, None where there is none."""
    row = db.one_or_none(
        select(AccessRuleDraft).where(
            AccessRuleDraft.agency_id == actor.agency_id, AccessRuleDraft.author_id == actor.membership_id
        )
    )
    return Draft(json.loads(row.body), row.based_on, row.revision, row.changed_at) if row else None


def begun(db: Tx, actor: Principal) -> Draft:
    """The actor's draft, or where there is none the rules in force, ready to be changed. Raises RulesUnreadable."""
    found = read(db, actor)
    if found is not None:
        return found
    number, body = reading.in_force(db, actor.agency_id)
    return Draft(body, number, 0)


def keep_rule(
    tx: Tx,
    rule: Mapping[str, Any],
    *,
    replaces: str | None = None,
    revision: int,
    actor: Principal,
    context: Context,
) -> None:
    """Put a rule into the draft: a new one, or in the place of the rule called `replaces`.

    Raises BadRule or InvalidRules for what makes no sense, RuleNameTaken, NoSuchRule, DraftChanged.
    """
    draft = _of_revision(tx, actor, revision)
    rules = list(draft.body["rules"])
    if rule["id"] != replaces and any(each["id"] == rule["id"] for each in rules):
        raise RuleNameTaken(name=rule["id"])
    if replaces is None:
        rules.append(dict(rule))
    else:
        rules[rules.index(draft.rule(replaces))] = dict(rule)
    _store(tx, draft, draft.body | {"rules": rules}, "keep", actor, context)


def drop_rule(tx: Tx, rule_id: str, *, revision: int, actor: Principal, context: Context) -> None:
    """Take a rule out of the draft. Raises NoSuchRule, DraftChanged."""
    draft = _of_revision(tx, actor, revision)
    gone = draft.rule(rule_id)
    rules = [rule for rule in draft.body["rules"] if rule is not gone]
    _store(tx, draft, draft.body | {"rules": rules}, "drop", actor, context)


def replace(
    tx: Tx, body: Mapping[str, Any], *, revision: int | None = None, actor: Principal, context: Context
) -> None:
    """Make these rules the draft, whatever it said before; `revision` None: of whichever revision it is.

    Works also where the rules in force cannot be verified: it is the way out of that.

    Raises BadRule, InvalidRules, DraftChanged.
    """
    found = read(tx, actor)
    seen = found.revision if found else 0
    if revision is not None and revision != seen:
        raise DraftChanged()
    draft = Draft({}, reading.number_in_force(tx, actor.agency_id), seen)
    _store(tx, draft, dict(body), "replace", actor, context)


def take_up(tx: Tx, number: int, *, revision: int, actor: Principal, context: Context) -> None:
    """Make an older version the draft, to be signed as a new one. Raises NoSuchRules, DraftChanged."""
    older = reading.version(tx, actor.agency_id, number)
    replace(tx, older.body, revision=revision, actor=actor, context=context)


def renew(tx: Tx, *, revision: int, actor: Principal, context: Context) -> None:
    """Begin the draft's comparison anew from the rules in force, after somebody else signed. Raises DraftChanged."""
    draft = _of_revision(tx, actor, revision)
    replace(tx, draft.body, revision=revision, actor=actor, context=context)


def discard(tx: Tx, *, actor: Principal, context: Context) -> None:
    """Throw the actor's draft away. Raises NothingDrafted."""
    if not remove(tx, actor):
        raise NothingDrafted()
    _record(tx, "discard", actor, context)


def remove(tx: Tx, actor: Principal) -> bool:
    """Delete the actor's draft; False where there is none."""
    mine = (AccessRuleDraft.agency_id == actor.agency_id, AccessRuleDraft.author_id == actor.membership_id)
    return tx.execute(delete(AccessRuleDraft).where(*mine)).rowcount > 0


def checked(body: Mapping[str, Any], agency_slug: str) -> RuleSet:
    """The rule set that a body says. Raises InvalidRules, and BadRule for rules of another agency."""
    made = RuleSet.parse(body)
    if made.agency != agency_slug:
        raise BadRule(errors={"agency": [f"These rules must be those of “{agency_slug}”."]})
    return made


def _of_revision(tx: Tx, actor: Principal, revision: int) -> Draft:
    draft = begun(tx, actor)
    if draft.revision != revision:
        raise DraftChanged()
    return draft


def _store(tx: Tx, draft: Draft, body: dict[str, Any], how: str, actor: Principal, context: Context) -> None:
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)
    written = checked(body, actor.agency_slug).json()
    key = {"agency_id": actor.agency_id, "author_id": actor.membership_id}
    said = {
        "body": canonical_bytes(written).decode(),
        "based_on": draft.based_on,
        "revision": draft.revision + 1,
        "changed_at": clock.now(tx),
    }
    row = db.insert(tx, AccessRuleDraft).values(key | said)
    kept = tx.scalar(_unless_seen(row, draft.revision).returning(AccessRuleDraft.revision))
    if kept is None:
        raise DraftChanged()
    _record(tx, how, actor, context)


def _unless_seen(row: Any, revision: int) -> Any:
    """A first draft is inserted; a later one takes the place of the revision that its author saw, of no other."""
    keys = ["agency_id", "author_id"]
    if revision == 0:
        return row.on_conflict_do_nothing(index_elements=keys)
    changed = {name: row.excluded[name] for name in ("body", "based_on", "revision", "changed_at")}
    return row.on_conflict_do_update(
        index_elements=keys, set_=changed, where=AccessRuleDraft.revision == revision
    )


def _record(tx: Tx, how: str, actor: Principal, context: Context) -> None:
    target = audit.Target("rules", actor.agency_id, actor.agency_id)
    audit.record(tx, "rules.draft", target, actor=actor, context=context, detail={"how": how})
