"""Separation of duties: who watches is not watched, and nobody acts on their own affairs."""

from __future__ import annotations

from itertools import combinations, permutations
from uuid import uuid4

import pytest

from security.duties import may_hold, not_oneself
from security.principal import Role

CLASHES = {
    frozenset(pair)
    for pair in [
        (Role.SECURITY_OFFICER, Role.TASK_OWNER),
        (Role.SECURITY_OFFICER, Role.APPRAISER),
        (Role.SECURITY_OFFICER, Role.AGENCY_ADMIN),
        (Role.SECURITY_OFFICER, Role.OPERATOR),
        (Role.MARKETPLACE_OFFICER, Role.TASK_OWNER),
        (Role.MARKETPLACE_OFFICER, Role.APPRAISER),
        (Role.MARKETPLACE_OFFICER, Role.AGENCY_ADMIN),
        (Role.MARKETPLACE_OFFICER, Role.OPERATOR),
        (Role.WORKS_COUNCIL, Role.OPERATOR),
        (Role.WORKS_COUNCIL, Role.AGENCY_ADMIN),
        (Role.WORKS_COUNCIL, Role.LINE_MANAGER),
    ]
}
"""Written down a second time on purpose: who loosens the table has to loosen it here too."""


@pytest.mark.parametrize("pair", list(combinations(Role, 2)), ids=lambda pair: "+".join(pair))
def test_two_roles_clash_exactly_where_the_table_says(pair: tuple[Role, Role]) -> None:
    assert may_hold(pair).allowed == (frozenset(pair) not in CLASHES)


def test_order_makes_no_difference() -> None:
    for pair in permutations(Role, 2):
        assert may_hold(pair) == may_hold(pair[::-1])


def test_every_clash_among_many_roles_is_named() -> None:
    failed = may_hold([Role.SECURITY_OFFICER, Role.TASK_OWNER, Role.APPRAISER, Role.CONTRIBUTOR]).failed
    assert {frozenset((reason.args["role"], reason.args["with"])) for reason in failed} == {
        frozenset((Role.SECURITY_OFFICER, Role.TASK_OWNER)),
        frozenset((Role.SECURITY_OFFICER, Role.APPRAISER)),
    }


def test_one_role_clashes_with_nothing() -> None:
    assert all(may_hold([role, role]).allowed for role in Role)


def test_nobody_acts_on_themselves() -> None:
    me, other = uuid4(), uuid4()
    assert not not_oneself(me, me).allowed
    assert not_oneself(me, other).allowed
