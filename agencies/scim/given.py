"""What people hold because of a group: a role, or a place in a unit. What people gave by hand is left alone.

`settle` compares what groups give with what is held through them, and makes the second equal to the first. It is
called after every change of groups, so nothing is remembered but the grants themselves.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, insert, select

from agencies import memberships, roles
from agencies.models import Membership, RoleGrant
from agencies.scim import places
from agencies.scim.models import ScimGroup, ScimMember, ScimRole, ScimUser
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.principal import Context, Principal, Role


def settle(
    tx: Tx,
    agency_id: UUID,
    *,
    actor: Principal | None,
    context: Context,
    users: Collection[UUID],
) -> None:
    """Give what the groups of these active users give, and end what they no longer give. The agency is held.

    Raises RoleClash where a role does not go together with one that the person holds, TwoUnits.
    """
    stays = _memberships(tx, agency_id, users)
    _roles(tx, stays, actor, context)
    places.settle(tx, stays, actor=actor, context=context)


def _roles(tx: Tx, stays: Collection[UUID], actor: Principal | None, context: Context) -> None:
    wanted = {(row.membership_id, Role(row.role)) for row in tx.all(_wanted(stays))}
    held = {(row.membership_id, Role(row.role)): row.grant_id for row in tx.all(_held(tx, stays))}
    for pair in sorted(held.keys() - wanted):
        tx.execute(delete(ScimRole).where(ScimRole.grant_id == held[pair]))
        roles.end(tx, held[pair], actor=None, context=context)
    for membership_id, role in sorted(wanted - held.keys()):
        if role in memberships.roles_of(tx, membership_id):
            continue  # given by hand: it stays when the group goes
        grant_id = roles.grant(tx, membership_id, role, actor=None, context=context)
        row = {"grant_id": grant_id, "membership_id": membership_id, "role": role.value}
        tx.execute(insert(ScimRole), row)


def _memberships(tx: Tx, agency_id: UUID, users: Collection[UUID]) -> list[UUID]:
    chosen = (
        select(Membership.id)
        .join(ScimUser, ScimUser.membership_id == Membership.id)
        .where(ScimUser.agency_id == agency_id, ScimUser.id.in_(users), memberships.is_live(clock.at(tx)))
    )
    return [row.id for row in tx.all(chosen)]


def _wanted(stays: Collection[UUID]) -> Any:
    return (
        select(ScimUser.membership_id, ScimGroup.role)
        .join(ScimMember, ScimMember.user_id == ScimUser.id)
        .join(ScimGroup, ScimGroup.id == ScimMember.group_id)
        .where(ScimUser.membership_id.in_(stays), ScimGroup.role.is_not(None))
        .distinct()
    )


def _held(tx: Tx, stays: Collection[UUID]) -> Any:
    live: ColumnElement[bool] = memberships.holds(clock.at(tx))
    return (
        select(ScimRole.membership_id, ScimRole.role, ScimRole.grant_id)
        .join(RoleGrant, RoleGrant.id == ScimRole.grant_id)
        .where(ScimRole.membership_id.in_(stays), live)
    )
