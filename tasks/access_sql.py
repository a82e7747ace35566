"""The same rules as the WHERE of a list: what a person may not know is never loaded, counted or searched (D9).

The tree that decides in Python is compiled to SQL, whose three-valued logic is Kleene's too. Whatever does not depend
on a column is decided here and now. A map from attribute to SQL says where a fact is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from operator import eq, ge, le
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
)

from agencies.models import Agency, SharingTerms
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.access import expression, facts
from security.access.attributes import ATTRIBUTES, Attribute, Facts, Kind
from security.access.baseline import BASELINE
from security.access.compiling import closure
from security.access.expression import AllOf, AnyOf, Expr, Not, Ref, Test
from security.access.rule import Rule
from security.access.rules import RuleSet
from security.labels import Level
from security.principal import Context, Principal
from tasks import stages
from tasks.models import Campaign, NeedToKnowGrant
from tasks.policies import Everywhere

Answer = bool | ColumnElement[bool] | None
"""What is known of a condition: decided, a question to the database, or None for what cannot be known."""


@dataclass(frozen=True, slots=True)
class Column:
    """Where an attribute is stored: a rank, a number, a flag, a word, or a JSON array of words.

    `nullable`: NULL means that it is not known.
    """

    sql: ColumnElement[Any]
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """What expressions are compiled against: columns, and the facts that are the same for every row."""

    columns: Mapping[str, Column]
    facts: Facts
    dialect: str


def may(
    db: Tx,
    action: str,
    principal: Principal,
    context: Context,
    policies: Everywhere,
    *,
    in_spite_of: Collection[str] = (),
) -> ColumnElement[bool]:
    """SQL about Campaign: whether the person may. Rules whose remedy is in `in_spite_of` are not asked, unless they are
    about knowing."""
    about = {**facts.of_principal(principal), **facts.of_context(context, policies.now)}
    ground = Ground(_campaign(db, principal), about, db.dialect)

    def asked(rules: RuleSet) -> Iterable[Rule]:
        return (r for r in rules.asked(action) if r.is_asked("know") or r.remedy not in in_spite_of)

    everybody = [*asked(BASELINE), *asked(policies.own)]
    parts = [holds(rule, ground) for rule in everybody]
    for agency_id, rules in policies.of_owners.items():
        theirs = _all(holds(rule, ground) for rule in asked(rules))
        parts.append(_any([Campaign.agency_id != agency_id, theirs]))
    if not stages.PREPARING.isdisjoint(principal.roles):
        parts.append(or_(_PUBLISHED, Campaign.agency_id == principal.agency_id))
    else:
        parts.append(_PUBLISHED)
    return _sql(_all(parts))


_PUBLISHED = Campaign.stage.not_in(sorted(stages.UNPUBLISHED))


def shared_up_to(db: Tx, asking: Principal) -> ColumnElement[int]:
    """SQL about Campaign: the highest level that the asking agency shares in, -1 for none; of its own work all."""
    now = clock.at(db)
    in_force = (
        select(SharingTerms.level)
        .where(
            SharingTerms.owner_agency_id == Campaign.agency_id,
            SharingTerms.guest_agency_id == asking.agency_id,
            SharingTerms.ended_at.is_(None),
            SharingTerms.since <= now,
            func.coalesce(SharingTerms.until > now, True),
        )
        .correlate(Campaign)
        .scalar_subquery()
    )
    own = (Campaign.agency_id == asking.agency_id, int(max(Level)))
    return case(own, else_=func.coalesce(in_force, -1))


def granted(db: Tx, asking: Principal) -> ColumnElement[bool]:
    """SQL about Campaign: whether the asking person was let in by a need-to-know grant that has not ended."""
    mine = (
        NeedToKnowGrant.campaign_id == Campaign.id,
        NeedToKnowGrant.membership_id == asking.membership_id,
        NeedToKnowGrant.until >= today(db),
    )
    return exists().where(*mine).correlate(Campaign)


def today(db: Tx) -> Any:
    """SQL for the day (in UTC) of this transaction, without a round trip."""
    return func.current_date() if db.dialect == "postgresql" else literal(clock.now(db).date())


def _campaign(db: Tx, asking: Principal) -> Mapping[str, Column]:
    """Where the attributes of a campaign are stored."""
    slug = select(Agency.slug).where(Agency.id == Campaign.agency_id).correlate(Campaign).scalar_subquery()
    return {
        "resource.agency": Column(slug),
        "resource.owner": Column(Campaign.owner_id.expression),
        "resource.level": Column(Campaign.level.expression),
        "resource.compartments": Column(Campaign.compartments.expression),
        "resource.skills": Column(Campaign.skills.expression),
        "resource.audience": Column(
            Campaign.audience.expression
        ),  # NULL has no elements; `open_to_all` asks for it
        "resource.open_to_all": Column(Campaign.audience.is_(None)),
        "resource.open": Column(Campaign.state == "open"),
        "resource.shared_up_to": Column(shared_up_to(db, asking)),
        "resource.need_to_know": Column(Campaign.need_to_know.expression),
        "resource.granted": Column(granted(db, asking)),
    }


def holds(rule: Rule, ground: Ground) -> Answer:
    """Whether a rule holds: True, False, or SQL that is never NULL."""
    when, must = compiled(rule.when, ground), compiled(rule.must, ground)
    return _any([_surely(when, False), _surely(must, True)])


def compiled(expr: Expr, ground: Ground) -> Answer:
    """A condition as far as it can be decided here, the rest as SQL that is NULL where it cannot be known."""
    if ground.columns.keys().isdisjoint(expression.names(expr)):
        return closure(expr)(ground.facts)
    match expr:
        case AllOf(parts):
            return _all(compiled(part, ground) for part in parts)
        case AnyOf(parts):
            return _any(compiled(part, ground) for part in parts)
        case Not(part):
            return _not(compiled(part, ground))
        case Test():
            return _VERBS[expr.verb](expr, ground)
    raise AssertionError(expr)  # a constant speaks of no column


def _surely(answer: Answer, wanted: bool) -> Answer:
    if isinstance(answer, ColumnElement):
        # A function's argument needs no parentheses: `NOT x IS true` would be read as `NOT (x IS true)`.
        return func.coalesce(answer if wanted else not_(answer), false())
    return answer is wanted


def _all(answers: Iterable[Answer]) -> Answer:
    return _joined(answers, decisive=False, join=and_)


def _any(answers: Iterable[Answer]) -> Answer:
    return _joined(answers, decisive=True, join=or_)


def _joined(answers: Iterable[Answer], *, decisive: bool, join: Callable[..., ColumnElement[bool]]) -> Answer:
    """Kleene's all or any over what is decided and what is asked."""
    asked: list[ColumnElement[bool]] = []
    unknown = False
    for answer in answers:
        if isinstance(answer, ColumnElement):
            asked.append(answer)
        elif answer is decisive:
            return decisive
        else:
            unknown = unknown or answer is None
    if not asked:
        return None if unknown else not decisive
    return join(*asked, *([null()] if unknown else []))


def _not(answer: Answer) -> Answer:
    if isinstance(answer, ColumnElement):
        return not_(answer)
    return None if answer is None else not answer


def _sql(answer: Answer) -> ColumnElement[bool]:
    if isinstance(answer, ColumnElement):
        return answer
    return true() if answer else false()


@dataclass(frozen=True, slots=True)
class _Operand:
    """One side of a question: a column, or a value that is the same for every row (None: not known)."""

    attribute: Attribute
    column: Column | None
    value: Any

    @property
    def is_unknown(self) -> bool:
        return self.column is None and self.value is None


def _left(test: Test, ground: Ground) -> _Operand:
    return _named(test.name, ground)


def _right(test: Test, ground: Ground) -> _Operand:
    if isinstance(test.against, Ref):
        return _named(test.against.name, ground)
    return _Operand(test.attribute, None, test.against)


def _named(name: str, ground: Ground) -> _Operand:
    column = ground.columns.get(name)
    return _Operand(ATTRIBUTES[name], column, None if column else ground.facts.get(name))


def _where_known(sides: Iterable[_Operand], asked: ColumnElement[bool]) -> ColumnElement[bool]:
    """NULL where a side is NULL: an EXISTS alone would answer although nothing is known."""
    missing = [side.column.sql.is_(None) for side in sides if side.column and side.column.nullable]
    return case((or_(*missing), null()), else_=asked) if missing else asked


def _plain(side: _Operand) -> Any:
    """The side as SQL compares it: ordered words by their ranks."""
    return _stored(side.attribute, side.value) if side.column is None else side.column.sql


def _stored(attribute: Attribute, value: Any) -> Any:
    return literal(attribute.ranks[value] if attribute.kind is Kind.ORDERED else value)


def _compared(test: Test, ground: Ground, *, compare: Callable[[Any, Any], Any]) -> Answer:
    left, right = _left(test, ground), _right(test, ground)
    if left.is_unknown or right.is_unknown:
        return None
    asked: ColumnElement[bool] = compare(_plain(left), _plain(right))
    return asked


def _one_of(test: Test, ground: Ground) -> Answer:
    left = _left(test, ground)
    assert left.column is not None
    assert isinstance(test.against, tuple)
    return left.column.sql.in_([_stored(test.attribute, each) for each in test.against])


def _has(test: Test, ground: Ground) -> Answer:
    words, word = _left(test, ground), _right(test, ground)
    if words.is_unknown or word.is_unknown:
        return None
    if words.column is None:
        assert word.column is not None
        return _where_known([word], word.column.sql.in_(sorted(words.value)))
    asked = _contains(words.column, _plain(word), ground)
    return _where_known([words, word], asked)


def _has_all(test: Test, ground: Ground) -> Answer:
    words, wanted = _left(test, ground), _right(test, ground)
    if words.is_unknown or wanted.is_unknown:
        return None
    if wanted.column is None:
        assert words.column is not None
        each = [_contains(words.column, literal(word), ground) for word in sorted(wanted.value)]
        return _where_known([words], and_(true(), *each))
    element = _elements(wanted.column, ground)
    if words.column is None:
        lacking = element.c.value.not_in(sorted(words.value))
    else:
        lacking = not_(_contains(words.column, element.c.value, ground))
    return _where_known([words, wanted], not_(_there_is(element, lacking)))


def _contains(words: Column, word: Any, ground: Ground) -> ColumnElement[bool]:
    element = _elements(words, ground)
    return _there_is(element, element.c.value == word)


def _there_is(element: Any, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether some element of an array meets the condition; everything else in it belongs to the query around."""
    return exists(select(literal(1)).select_from(element).where(condition).correlate_except(element))


def _elements(words: Column, ground: Ground) -> Any:
    """The words of a JSON array, as rows with a column `value`. NULL has none."""
    if ground.dialect == "postgresql":
        return func.json_array_elements_text(words.sql).table_valued("value")
    return func.json_each(words.sql).table_valued("value")


_VERBS: Mapping[str, Callable[[Test, Ground], Answer]] = {
    "is": partial(_compared, compare=eq),
    "at_least": partial(_compared, compare=ge),
    "at_most": partial(_compared, compare=le),
    "one_of": _one_of,
    "has": _has,
    "has_all": _has_all,
}
