"""A SCIM filter (RFC 7644 §3.4.2.2) as SQL that means the same on both databases.

Texts that ignore case are compared through columns that hold their comparable form, because the databases disagree
about lower case and LIKE. What is not listed for a resource cannot be filtered: no scan hides behind an attribute.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from scim2_models.path import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)
from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    and_,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    true,
)

from agencies.models import Identity
from agencies.scim.errors import BadFilter, BadPath
from marketplace.foundation.ids import parse_id

Condition = ColumnElement[bool]
Op = CompareOperator


def comparable(text: str) -> str:
    """The form in which texts that ignore case are compared: NFC, lower case, NFC again."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())


class Term(Protocol):
    """What can be asked about one attribute."""

    def compare(self, op: Op, value: Any) -> Condition: ...

    def present(self) -> Condition: ...


@dataclass(frozen=True, slots=True)
class Text:
    """A text. `folded` says that `column` holds the comparable form."""

    column: SQLColumnExpression[Any]
    folded: bool = True

    def compare(self, op: Op, value: Any) -> Condition:
        if value is None:
            return self._null(op)
        if not isinstance(value, str):
            raise BadFilter("This attribute is a text; compare it with a text in quotation marks.")
        wanted = comparable(value) if self.folded else unicodedata.normalize("NFC", value)
        if op is Op.eq:
            return self.equal(wanted)
        if op is Op.ne:
            return not_(self.equal(wanted))
        return _known(self._part(op, wanted))

    def equal(self, wanted: str) -> Condition:
        return _known(self.column == wanted)

    def present(self) -> Condition:
        return _known(self.column != "")

    def _null(self, op: Op) -> Condition:
        if op is Op.eq:
            return self.column.is_(None)
        if op is Op.ne:
            return self.column.is_not(None)
        raise BadFilter("Only eq and ne compare with null.")

    def _part(self, op: Op, wanted: str) -> Condition:
        length = len(wanted)
        if op is Op.sw:
            return func.substr(self.column, 1, length) == wanted
        if op is Op.ew:
            from_the_end = func.substr(self.column, func.length(self.column) - length + 1)
            return and_(func.length(self.column) >= length, from_the_end == wanted)
        if op is Op.co:
            # LIKE ignores case on one database and not on the other; taking the part out does not.
            contained = func.replace(self.column, wanted, "") != self.column
            return contained if wanted else self.column.is_not(None)
        raise BadFilter("Texts are compared here with eq, ne, co, sw and ew.")


@dataclass(frozen=True, slots=True)
class ExternalId(Text):
    """A subject of the agency's provider: looked up the other way round, by the identity's key."""

    looked_up: Select[Any] | None = None

    def equal(self, wanted: str) -> Condition:
        assert self.looked_up is not None
        return self.looked_up.where(Identity.subject == wanted).exists()


@dataclass(frozen=True, slots=True)
class Id:
    """An id of ours; only whether it is this one."""

    column: SQLColumnExpression[Any]

    def compare(self, op: Op, value: Any) -> Condition:
        wanted = parse_id(value) if isinstance(value, str) else None
        equal = _known(self.column == wanted) if wanted is not None else false()
        if op is Op.eq:
            return equal
        if op is Op.ne:
            return not_(equal)
        raise BadFilter("Ids are compared here with eq and ne.")

    def present(self) -> Condition:
        return self.column.is_not(None)


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    condition: Condition

    def compare(self, op: Op, value: Any) -> Condition:
        if not isinstance(value, bool):
            raise BadFilter("This attribute is true or false.")
        equal = self.condition if value else not_(self.condition)
        if op is Op.eq:
            return equal
        if op is Op.ne:
            return not_(equal)
        raise BadFilter("True and false are compared with eq and ne.")

    def present(self) -> Condition:
        return true()


@dataclass(frozen=True, slots=True)
class Maybe:
    """True, false or not said: a column that may be NULL."""

    column: SQLColumnExpression[Any]

    def compare(self, op: Op, value: Any) -> Condition:
        if value is not None and not isinstance(value, bool):
            raise BadFilter("This attribute is true or false.")
        same = self.column.is_(value) if value is None else _known(self.column == literal(value))
        if op is Op.eq:
            return same
        if op is Op.ne:
            return not_(same)
        raise BadFilter("True and false are compared with eq and ne.")

    def present(self) -> Condition:
        return self.column.is_not(None)


@dataclass(frozen=True, slots=True)
class Time:
    """A moment."""

    column: SQLColumnExpression[Any]

    def compare(self, op: Op, value: Any) -> Condition:
        moment = _moment(value)
        known = {
            Op.eq: self.column == moment,
            Op.ne: self.column != moment,
            Op.gt: self.column > moment,
            Op.ge: self.column >= moment,
            Op.lt: self.column < moment,
            Op.le: self.column <= moment,
        }
        if op not in known:
            raise BadFilter("Moments are compared with eq, ne, gt, ge, lt and le.")
        return known[op]

    def present(self) -> Condition:
        return true()


@dataclass(frozen=True, slots=True)
class Many:
    """An attribute with several values: `rows` selects those of the resource, `inside` is one part of each."""

    rows: Select[Any]
    inside: Mapping[str, Term]
    part: str = "value"

    def compare(self, op: Op, value: Any) -> Condition:
        """Any value matches; for `ne` no value is equal, as scim2-models reads the RFC."""
        term = self.inside[self.part]
        if value is None:
            unknown = or_(not_(self.any(true())), self.any(term.compare(Op.eq, None)))
            if op is Op.eq:
                return unknown
            if op is Op.ne:
                return not_(unknown)
        if op is Op.ne:
            return not_(self.any(term.compare(Op.eq, value)))
        return self.any(term.compare(op, value))

    def present(self) -> Condition:
        return self.any(self.inside[self.part].present())

    def any(self, condition: Condition) -> Condition:
        return exists(self.rows.where(condition))


Terms = Mapping[tuple[str, str | None], Term]
"""By attribute and part of it, both in lower case."""


class Nothing:
    """An attribute that another kind of resource has: it is never there (RFC 7644 §3.4.2.1)."""

    def compare(self, op: Op, value: Any) -> Condition:
        """Only the comparison with null, and being unequal to something, hold for what is not there."""
        return true() if (op is Op.ne) != (op is Op.eq and value is None) else false()

    def present(self) -> Condition:
        return false()


class _Compiler(FilterVisitor[Condition]):
    def __init__(self, terms: Terms) -> None:
        self.terms = terms

    def visit_comparison(self, node: Comparison) -> Condition:
        return self._term(node.attr_path).compare(node.op, node.value)

    def visit_present(self, node: Present) -> Condition:
        return self._term(node.attr_path).present()

    def visit_not(self, node: Not) -> Condition:
        return not_(self.visit(node.expr))

    def visit_logical_expr(self, node: LogicalExpr) -> Condition:
        joined = and_ if node.op is LogicalOperator.and_ else or_
        return joined(*[self.visit(term) for term in node.terms])

    def visit_value_path(self, node: ValuePath) -> Condition:
        many = self._term(node.attr_path)
        if isinstance(many, Nothing):
            return false()
        if not isinstance(many, Many):
            raise BadFilter(f"{node.attr_path} has one value; compare it without brackets.")
        inside: Terms = {(name, None): term for name, term in many.inside.items()}
        return many.any(_Compiler(inside).visit(node.val_filter))

    def _term(self, path: AttrPath) -> Term:
        found = self.terms.get((path.attr.lower(), path.sub_attr.lower() if path.sub_attr else None))
        if found is None:
            known = ", ".join(sorted({".".join(filter(None, name)) for name in self.terms}))
            raise BadFilter(f"{path} cannot be filtered here. These can: {known}.")
        return found


def where(
    terms: Terms, node: FilterNode, absent: Collection[tuple[str, str | None]] = frozenset()
) -> Condition:
    """The condition of a parsed filter; attributes that are `absent` here match nothing. Raises BadFilter."""
    return _Compiler({**dict.fromkeys(absent, Nothing()), **terms}).visit(node)


def ordered(columns: Mapping[str, SQLColumnExpression[Any]], by: str | None, descending: bool) -> list[Any]:
    """ORDER BY for `sortBy`; what has no value comes last, or first when descending (§3.4.2.3). Raises BadPath."""
    if by is None:
        return []
    column = columns.get(by.rpartition(":")[2].lower())
    if column is None:
        raise BadPath(f"Sorting is offered by {', '.join(sorted(columns))}.")
    return [column.is_not(None), column.desc()] if descending else [column.is_(None), column]


def _known(condition: Condition) -> Condition:
    """A comparison with NULL is not true; left unknown, a `not` around it would hide the row."""
    return func.coalesce(condition, false())


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadFilter("A moment looks like 2027-03-31T12:00:00Z.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
