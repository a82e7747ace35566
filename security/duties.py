"""Separation of duties: which roles one person may not hold at once, and what nobody does to their own."""

from collections.abc import Iterable
from uuid import UUID

from security.decision import ALLOWED, Decision, Reason, refused
from security.principal import Role

_WATCHED = frozenset({Role.TASK_OWNER, Role.APPRAISER, Role.AGENCY_ADMIN, Role.OPERATOR})
_OFFICERS = (Role.SECURITY_OFFICER, Role.MARKETPLACE_OFFICER)

CONFLICTS: dict[Role, frozenset[Role]] = {
    **dict.fromkeys(_OFFICERS, _WATCHED),
    **{role: frozenset(_OFFICERS) for role in _WATCHED},
    # Whoever approves what is counted about people neither runs the machine nor leads the people.
    Role.WORKS_COUNCIL: frozenset({Role.OPERATOR, Role.AGENCY_ADMIN, Role.LINE_MANAGER}),
}
"""Who watches and who is watched; read both ways by `may_hold`."""


def may_hold(roles: Iterable[Role]) -> Decision:
    """Whether one person may hold all of these roles in one agency; each clash is a reason."""
    held = sorted(set(roles))
    clashes = [
        Reason("duties", {"role": role, "with": other}, "ask_administrator")
        for at, role in enumerate(held)
        for other in held[at + 1 :]
        if other in CONFLICTS.get(role, frozenset()) or role in CONFLICTS.get(other, frozenset())
    ]
    return Decision(tuple(clashes))


def not_oneself(actor: UUID, person: UUID) -> Decision:
    """Whether somebody acts on somebody else: nobody grants, clears, signs for or judges themselves."""
    return refused("own_affair", remedy="ask_colleague") if actor == person else ALLOWED
