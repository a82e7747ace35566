"""The acts that go on the security record, one table.

`class_uid` is the OCSF event class the entry is shaped as: 3002 authentication, 3001 account change, 6003 API
activity, 6005 datastore activity (OCSF 1.5). `purpose` is why content may be touched by that act.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

AUTHENTICATION, ACCOUNT, ACTIVITY, CONTENT = 3002, 3001, 6003, 6005


@dataclass(frozen=True, slots=True)
class Act:
    class_uid: int
    purpose: str | None = None


ACTS: Mapping[str, Act] = {
    "sign_in.begin": Act(AUTHENTICATION),
    "sign_in.succeed": Act(AUTHENTICATION),
    "sign_in.fail": Act(AUTHENTICATION),
    "session.end": Act(AUTHENTICATION),
    "logout.take": Act(AUTHENTICATION),
    "session.step_up": Act(AUTHENTICATION),
    "session.change_hat": Act(AUTHENTICATION),
    "person.view": Act(CONTENT, "administration"),
    "person.list": Act(CONTENT, "administration"),
    "person.join": Act(ACCOUNT),
    "person.leave": Act(ACCOUNT),
    "person.invite": Act(ACCOUNT),
    "person.uninvite": Act(ACCOUNT),
    "identity.add": Act(ACCOUNT),
    "identity.renew": Act(ACCOUNT),
    "role.grant": Act(ACCOUNT),
    "role.end": Act(ACCOUNT),
    "role.review": Act(ACCOUNT),
    "clearance.give": Act(ACCOUNT),
    "clearance.withdraw": Act(ACCOUNT),
    "move.ask": Act(ACCOUNT),
    "move.approve": Act(ACCOUNT),
    "move.decline": Act(ACCOUNT),
    "move.done": Act(ACCOUNT),
    "partner.renew": Act(ACCOUNT),
    "token.make": Act(ACCOUNT),
    "device_key.enrol": Act(ACCOUNT),
    "device_key.rename": Act(ACCOUNT),
    "device_key.revoke": Act(ACCOUNT),
    "device_key.revoke_all": Act(ACCOUNT),
    "device_key.list": Act(CONTENT, "oversight"),
    "scim_credential.make": Act(ACCOUNT),
    "scim_credential.end": Act(ACCOUNT),
    "scim_user.make": Act(ACCOUNT),
    "scim_user.change": Act(ACCOUNT),
    "scim_user.end": Act(ACCOUNT),
    "scim_group.make": Act(ACCOUNT),
    "scim_group.change": Act(ACCOUNT),
    "scim_group.end": Act(ACCOUNT),
    "scim_group.give": Act(ACCOUNT),
    "need_to_know.give": Act(ACCOUNT),
    "need_to_know.end": Act(ACCOUNT),
    "campaign.post": Act(ACTIVITY, "posting"),
    "claim.take": Act(ACTIVITY, "contribution"),
    "claim.extend": Act(ACTIVITY, "contribution"),
    "claim.release": Act(ACTIVITY, "contribution"),
    "claim.lapse": Act(ACTIVITY, "contribution"),
    "claim.withdraw": Act(ACTIVITY, "contribution"),
    "payload.view": Act(CONTENT, "contribution"),
    "key.ask": Act(CONTENT, "contribution"),
    "contribution.submit": Act(CONTENT, "contribution"),
    "microtask.settle": Act(CONTENT, "consensus"),
    "result.view": Act(CONTENT, "result"),
    "result.list": Act(CONTENT, "result"),
    "result.export": Act(CONTENT, "result"),
    "number.approve": Act(ACCOUNT),
    "number.withdraw": Act(ACCOUNT),
    "notice.send": Act(ACTIVITY, "notice"),
    "log.read": Act(CONTENT, "oversight"),
    "log.export": Act(CONTENT, "oversight"),
    "view.save": Act(ACTIVITY, "oversight"),
    "view.drop": Act(ACTIVITY, "oversight"),
    "log.read_own": Act(CONTENT, "access"),
    "look_up.ask": Act(ACTIVITY, "oversight"),
    "look_up.grant": Act(ACTIVITY, "oversight"),
    "look_up.decline": Act(ACTIVITY, "oversight"),
    "look_up.list": Act(ACTIVITY, "oversight"),
    "look_up.view": Act(ACTIVITY, "oversight"),
    "look_up.read": Act(CONTENT, "oversight"),
    "person.tell": Act(ACTIVITY, "oversight"),
    "data_request.ask": Act(ACTIVITY, "access"),
    "data_request.list": Act(CONTENT, "access"),
    "data_request.read": Act(CONTENT, "access"),
    "data_request.answer": Act(ACTIVITY, "access"),
    "subject.erase": Act(ACCOUNT, "access"),
    "entry.expire": Act(ACTIVITY, "oversight"),
    "incident.open": Act(ACTIVITY, "oversight"),
    "incident.note": Act(ACTIVITY, "oversight"),
    "incident.report": Act(ACTIVITY, "oversight"),
    "incident.close": Act(ACTIVITY, "oversight"),
    "review.open": Act(ACTIVITY, "oversight"),
    "review.read": Act(CONTENT, "oversight"),
    "review.decide": Act(ACCOUNT, "oversight"),
    "review.close": Act(ACTIVITY, "oversight"),
    "summary.read": Act(CONTENT, "oversight"),
    "witness.register": Act(ACTIVITY, "oversight"),
    "witness.acknowledge": Act(ACTIVITY, "oversight"),
    "witness.contradict": Act(ACTIVITY, "oversight"),
    "witness.behind": Act(ACTIVITY, "oversight"),
    "clock.jump": Act(ACTIVITY, "oversight"),
    "record.fault": Act(ACTIVITY, "oversight"),
    "alert.raise": Act(ACTIVITY, "oversight"),
    "alert.take": Act(ACTIVITY, "oversight"),
    "alert.hand_on": Act(ACTIVITY, "oversight"),
    "alert.close": Act(ACTIVITY, "oversight"),
    "alert_rule.set": Act(ACTIVITY, "oversight"),
    "job.retry": Act(ACTIVITY, "operation"),
    "agreement.propose": Act(ACTIVITY),
    "agreement.sign": Act(ACTIVITY),
    "agreement.withdraw": Act(ACTIVITY),
    "agreement.in_force": Act(ACTIVITY),
    "keys.renew": Act(ACTIVITY),
    "keys.rotate": Act(ACTIVITY),
    "keys.destroy": Act(ACTIVITY),
    "agency.found": Act(ACTIVITY),
    "agency.set": Act(ACTIVITY),
    "agency_key.add": Act(ACTIVITY),
    "agency_key.end": Act(ACTIVITY),
    "handling.set": Act(ACTIVITY),
    "provider.suspend": Act(ACTIVITY),
    "sharing.end": Act(ACTIVITY),
    "unit.change": Act(ACTIVITY),
    "unit.place": Act(ACCOUNT),
    "rules.draft": Act(ACTIVITY),
    "rules.sign": Act(ACTIVITY),
    "access.refuse": Act(ACTIVITY),
}
BY_PSEUDONYM = frozenset({"log.read", "log.export"})
"""Acts on a person whom the actor knows by their pseudonym alone: they follow it. In every other act on a person the
actor chose them by name, so that a pseudonym beside it would give the name away (docs/record.md)."""
CLOSED = frozenset({"look_up", "review", "data_request", "alert", "session", "device_key"})
"""Kinds of objects whose id would give a pseudonym away. The pages of most name the colleagues who acted; a session is
ended by an administrator who chose its person by name, and is the one in which that person acted; so is a
device key."""
