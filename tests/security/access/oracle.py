"""Three who answer the same question: our closures, a database, and Cedar. Each says which rules fail, case by case."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import cedarpy
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    MetaData,
    String,
    Table,
    insert,
    select,
)
from sqlalchemy import Column as SqlColumn

from marketplace.foundation.db import Json, transaction
from security.access import cedar
from security.access.attributes import ATTRIBUTES, Facts, Kind
from security.access.rules import RuleSet
from tasks.access_sql import Column, Ground, holds

BATCH = 4_000
TYPES = {Kind.ORDERED: Integer, Kind.NUMBER: Integer, Kind.FLAG: Boolean, Kind.WORDS: Json}

Failing = list[frozenset[str]]
"""Per case, the ids of the rules that do not hold."""


def by_python(rules: RuleSet, action: str, cases: Sequence[Facts]) -> Failing:
    return [frozenset(rule.id for rule in rules.failing(action, case)) for case in cases]


def by_sql(rules: RuleSet, action: str, cases: Sequence[Facts]) -> Failing:
    """Every case is a row of a table with a column per attribute; NULL is what is not known."""
    names = sorted(rules.names(action))
    keys = {name: name.replace(".", "_") for name in names}
    table = Table(
        "access_case",
        MetaData(),
        SqlColumn("id", Integer, primary_key=True),
        *(SqlColumn(keys[name], TYPES.get(ATTRIBUTES[name].kind, String)) for name in names),
        prefixes=["TEMPORARY"],
    )
    columns = {name: Column(table.c[keys[name]], nullable=True) for name in names}
    asked = rules.asked(action)
    with transaction() as tx:
        table.create(tx.connection)
        rows = [{keys[name]: _stored(name, case.get(name)) for name in names} for case in cases]
        for start in range(0, len(rows), BATCH):
            tx.execute(
                insert(table),
                [{"id": number} | row for number, row in enumerate(rows[start : start + BATCH], start)],
            )
        ground = Ground(columns, {}, tx.dialect)
        answers = [_labelled(holds(rule, ground), rule.id) for rule in asked]
        found = tx.all(select(table.c.id, *answers).order_by(table.c.id))
        table.drop(tx.connection)
    return [
        frozenset(rule.id for rule, held in zip(asked, row[1:], strict=True) if not _certain(held))
        for row in found
    ]


def _certain(held: object) -> bool:
    assert held in (True, False), "a rule's SQL is never NULL"
    return bool(held)


def _labelled(answer: Any, name: str) -> Any:
    from sqlalchemy import literal

    return (answer if isinstance(answer, ColumnElement) else literal(bool(answer))).label(name)


def _stored(name: str, value: Any) -> Any:
    attribute = ATTRIBUTES[name]
    if value is None:
        return None
    if attribute.kind is Kind.ORDERED:
        return attribute.ranks[value]
    if attribute.kind is Kind.WORDS:
        return sorted(value)
    return str(value) if attribute.kind is Kind.ID else value


def by_cedar(rules: RuleSet, action: str, cases: Sequence[Facts]) -> Failing:
    """Cedar names the policies that forbade; the first policy is the permit, then one per rule."""
    text = cedar.policies(rules)
    return [failing for part in _parts(cases) for failing in _asked_of_cedar(rules, text, action, part)]


def _asked_of_cedar(
    rules: RuleSet, text: str, action: str, cases: Sequence[Facts]
) -> Iterator[frozenset[str]]:
    entities: dict[str, dict[str, Any]] = {}
    requests = []
    for case in cases:
        parts = of_cedar(case)
        requests.append(
            {
                "principal": _entity(entities, "Person", parts["principal"]),
                "action": f'Action::"{action}"',
                "resource": _entity(entities, "Campaign", parts["resource"]),
                "context": parts["context"],
            }
        )
    for answer in cedarpy.is_authorized_batch(requests, text, list(entities.values())):
        assert not answer.diagnostics.errors, "no policy of ours errs"
        forbade = [int(name.removeprefix("policy")) for name in answer.diagnostics.reasons]
        assert answer.allowed is (forbade == [0])
        yield frozenset(rules.rules[number - 1].id for number in forbade if number)


def _entity(known: dict[str, dict[str, Any]], kind: str, attrs: Mapping[str, Any]) -> str:
    key = kind + json.dumps(attrs, sort_keys=True)
    made = known.setdefault(
        key, {"uid": {"type": kind, "id": str(len(known))}, "attrs": attrs, "parents": []}
    )
    return f'{kind}::"{made["uid"]["id"]}"'


def of_cedar(facts: Facts) -> Mapping[str, dict[str, Any]]:
    """Facts as Cedar takes them: attributes of principal, context and resource; what is not known is left out."""
    parts: dict[str, dict[str, Any]] = {"principal": {}, "context": {}, "resource": {}}
    for name, value in facts.items():
        if value is not None:
            owner, _, attribute = name.partition(".")
            parts[owner][attribute] = _stored(name, value)
    return parts


def _parts(cases: Sequence[Facts]) -> Iterator[Sequence[Facts]]:
    for start in range(0, len(cases), BATCH):
        yield cases[start : start + BATCH]
