"""Who may act on people of an agency: read again inside the transaction, never for oneself."""

from __future__ import annotations

from uuid import UUID

from agencies import memberships, people
from agencies.memberships import Member
from agencies.people_errors import NoSuchPerson, OwnAffair
from marketplace.foundation.db import Tx
from security import duties
from security.permissions import Permission
from security.principal import Principal, Role


def over(tx: Tx, membership_id: UUID, role: Role, actor: Principal) -> Member:
    """Somebody else of the actor's agency, held until COMMIT, over whom the actor's `role` gives a say.

    Raises NotPermitted, NoSuchPerson (also for people of other agencies), OwnAffair.
    """
    # The agency first: two who act on each other at the same moment take turns instead of waiting crosswise.
    memberships.hold_agency(tx, actor.agency_id)
    people.still_holds(tx, actor, role)
    return _another(tx, membership_id, actor)


def over_with(tx: Tx, membership_id: UUID, permission: Permission, actor: Principal) -> Member:
    """The same where any role gives the say that carries `permission`. Raises as `over` does."""
    memberships.hold_agency(tx, actor.agency_id)
    people.still_may(tx, actor, permission)
    return _another(tx, membership_id, actor)


def administers(tx: Tx, actor: Principal) -> None:
    """The actor is still administrator of the agency whose hat they wear. Raises NotPermitted."""
    memberships.hold_agency(tx, actor.agency_id)
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)


def _another(tx: Tx, membership_id: UUID, actor: Principal) -> Member:
    found = memberships.held(tx, membership_id)
    if found.agency_id != actor.agency_id:
        raise NoSuchPerson()
    duties.not_oneself(actor.person_id, found.person_id).or_raise(OwnAffair, target=found.target)
    return found
