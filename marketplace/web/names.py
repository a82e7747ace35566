"""Words for codes that come from elsewhere: acts, purposes, zones, outcomes, jobs, rules. One table each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp

from marketplace.foundation.errors import every_subclass
from marketplace.web.words import ROLES, ZONES
from security.sealing import SealingError

ACTS = {
    "access.refuse": _l("was refused"),
    "agency.found": _l("founded the marketplace’s first agency"),
    "agency.set": _l("changed the agency’s settings"),
    "agency_key.add": _l("registered a key of the agency"),
    "agency_key.end": _l("ended a key of the agency"),
    "agreement.in_force": _l("put an agreement in force"),
    "agreement.propose": _l("proposed an agreement"),
    "agreement.sign": _l("signed an agreement"),
    "agreement.withdraw": _l("withdrew a proposal"),
    "alert.close": _l("closed an alert"),
    "alert.hand_on": _l("handed on an alert"),
    "alert.raise": _l("an alert was raised"),
    "alert.take": _l("took an alert"),
    "alert_rule.set": _l("changed a rule of alerts"),
    "campaign.add": _l("added items to a campaign"),
    "campaign.keep": _l("moved the day to which content is kept"),
    "campaign.post": _l("posted a campaign"),
    "campaign.submit": _l("submitted a campaign for approval"),
    "campaign.withdraw": _l("took a campaign back from approval"),
    "campaign.approve": _l("approved a campaign"),
    "campaign.send_back": _l("sent a campaign back to its owner"),
    "campaign.discard": _l("discarded a campaign"),
    "campaign.pause": _l("paused a campaign"),
    "campaign.resume": _l("resumed a campaign"),
    "campaign.close": _l("ended a campaign"),
    "campaign.cancel": _l("cancelled a campaign"),
    "campaign_key.list": _l("read who holds a campaign’s key"),
    "campaign_key.read": _l("took a campaign’s key to a device"),
    "campaign_key.give": _l("gave a campaign’s key to"),
    "campaign_key.recover": _l("opened a campaign’s key with the agency’s offline key, for"),
    "campaign_key.take_back": _l("took a campaign’s key back from"),
    "answer.read": _l("took sealed answers to decide them"),
    "campaign.shred": _l("had a campaign shredded"),
    "claim.extend": _l("kept an item longer"),
    "claim.lapse": _l("time for an item ended"),
    "claim.release": _l("gave an item back"),
    "claim.take": _l("claimed an item"),
    "claim.withdraw": _l("an item went back"),
    "clearance.give": _l("gave a clearance"),
    "clock.jump": _l("the clock jumped"),
    "clearance.withdraw": _l("withdrew a clearance"),
    "contribution.submit": _l("submitted an answer"),
    "data_request.answer": _l("answered who has seen data about somebody"),
    "data_request.ask": _l("asked who has seen data about somebody"),
    "data_request.list": _l("read the list of data requests"),
    "data_request.read": _l("read who has seen data about somebody"),
    "device_key.enrol": _l("a device was set up"),
    "device_key.list": _l("read the list of devices"),
    "device_key.rename": _l("renamed a device"),
    "device_key.revoke": _l("removed a device"),
    "device_key.revoke_all": _l("removed somebody’s devices"),
    "draft.shred": _l("a draft was shredded"),
    "entry.expire": _l("entries of the record expired"),
    "handling.set": _l("changed how work of a level is handled"),
    "identity.add": _l("added a sign-in"),
    "identity.renew": _l("came from another organisation, by a new invitation"),
    "incident.close": _l("closed an incident"),
    "incident.note": _l("wrote into an incident’s diary"),
    "incident.open": _l("opened an incident"),
    "incident.report": _l("noted that an incident was reported"),
    "keys.destroy": _l("destroyed a key"),
    "keys.renew": _l("made a new key"),
    "keys.rotate": _l("moved content to a new key"),
    "job.retry": _l("retried a job"),
    "microtask.settle": _l("settled an item"),
    "logout.take": _l("ended sessions because somebody signed out at the agency"),
    "log.export": _l("took entries of the record to another system"),
    "log.read": _l("read the record"),
    "log.read_own": _l("read their own entries"),
    "look_up.ask": _l("asked to open a name"),
    "look_up.decline": _l("declined to open a name"),
    "look_up.grant": _l("agreed to open a name"),
    "look_up.list": _l("read the list of look-ups"),
    "look_up.view": _l("read what a look-up asks for"),
    "look_up.read": _l("opened a name"),
    "move.approve": _l("agreed to a move"),
    "move.ask": _l("asked for a move"),
    "move.decline": _l("declined a move"),
    "move.done": _l("moved to another agency"),
    "notice.send": _l("sent a notice"),
    "number.approve": _l("approved a number"),
    "number.withdraw": _l("withdrew a number"),
    "payload.shred": _l("sealed content was shredded"),
    "payload.view": _l("viewed an item"),
    "key.ask": _l("a device asked for the key to an item"),
    "key.list": _l("looked up who waits for keys"),
    "key.release": _l("gave a device the key to an item"),
    "partner.renew": _l("renewed a partner"),
    "person.invite": _l("invited somebody"),
    "person.join": _l("joined"),
    "person.leave": _l("left"),
    "person.list": _l("read the list of people"),
    "person.tell": _l("was told that their name was opened"),
    "person.uninvite": _l("withdrew an invitation"),
    "person.view": _l("read a person’s page"),
    "provider.suspend": _l("suspended a sign-in service"),
    "record.fault": _l("something in the record does not fit"),
    "result.export": _l("exported results"),
    "need_to_know.end": _l("ended need-to-know"),
    "need_to_know.give": _l("let somebody in"),
    "rules.draft": _l("changed a draft of rules"),
    "rules.sign": _l("signed rules"),
    "result.list": _l("listed results"),
    "result.view": _l("viewed a result"),
    "review.close": _l("closed an access review"),
    "review.decide": _l("decided in an access review"),
    "review.open": _l("opened an access review"),
    "review.read": _l("read an access review"),
    "role.end": _l("ended a role"),
    "role.grant": _l("gave a role"),
    "role.review": _l("confirmed a role"),
    "scim_credential.end": _l("ended a directory credential"),
    "scim_credential.make": _l("made a directory credential"),
    "scim_group.change": _l("changed a directory group"),
    "scim_group.end": _l("ended a directory group"),
    "scim_group.give": _l("chose what a directory group gives"),
    "scim_group.make": _l("made a directory group"),
    "scim_user.change": _l("changed a person’s directory entry"),
    "scim_user.end": _l("ended a person’s directory entry"),
    "scim_user.make": _l("made a directory entry for a person"),
    "session.end": _l("signed out"),
    "session.change_hat": _l("changed hats"),
    "session.step_up": _l("signed in again"),
    "sharing.end": _l("ended sharing terms"),
    "sign_in.begin": _l("began to sign in"),
    "skill.confirm": _l("confirmed a skill"),
    "skill.declare": _l("said that they have a skill"),
    "skill.drop": _l("took a skill off their list"),
    "skill.import": _l("imported a list of skills"),
    "skill.view": _l("read a person’s skills"),
    "skill.want": _l("changed what they want to learn"),
    "skill.withdraw": _l("took back a confirmed skill"),
    "sign_in.fail": _l("failed to sign in"),
    "sign_in.succeed": _l("signed in"),
    "subject.erase": _l("erased somebody from the record"),
    "summary.read": _l("read the quarterly summary"),
    "token.make": _l("made a token"),
    "unit.change": _l("changed a unit"),
    "unit.place": _l("placed somebody in a unit"),
    "view.drop": _l("dropped a saved view"),
    "view.save": _l("saved a view of the record"),
    "witness.acknowledge": _l("took note of a contradiction"),
    "witness.behind": _l("a witness fell behind"),
    "witness.contradict": _l("a witness contradicted the record"),
    "witness.register": _l("registered a witness"),
}
PURPOSES = {
    "posting": _l("posting"),
    "retention": _l("end of keeping"),
    "contribution": _l("contribution"),
    "consensus": _l("consensus"),
    "result": _l("result"),
    "notice": _l("notice"),
    "oversight": _l("oversight"),
    "operation": _l("operation"),
    "access": _l("access to one’s own data"),
    "administration": _l("administration"),
    "investigation": _l("investigation"),
    "incident": _l("incident"),
    "data_request": _l("question about personal data"),
    "court": _l("order of a court"),
    "other_duty": _l("other legal duty"),
}
OUTCOMES = {"done": _l("Done"), "refused": _l("Refused"), "failed": _l("Failed")}
OBJECTS = {
    "agency": _l("agency"),
    "agency_key": _l("key of the agency"),
    "agreement": _l("agreement"),
    "alert": _l("alert"),
    "alert_rule": _l("rule of alerts"),
    "campaign": _l("campaign"),
    "claim": _l("claim"),
    "device_key": _l("device"),
    "handling": _l("handling of a level"),
    "incident": _l("incident"),
    "key": _l("key"),
    "fault": _l("fault"),
    "invitation": _l("invitation"),
    "job": _l("job"),
    "log": _l("record"),
    "look_up": _l("look-up"),
    "microtask": _lp("of a campaign", "item"),
    "notice": _l("notice"),
    "number": _l("number"),
    "person": _l("person"),
    "review": _l("access review"),
    "route": _l("page"),
    "rules": _l("rules"),
    "scim_credential": _l("directory credential"),
    "scim_group": _l("directory group"),
    "session": _l("session"),
    "skill": _l("skill"),
    "summary": _l("summary"),
    "token": _l("token"),
    "unit": _l("unit"),
    "view": _l("saved view"),
    "witness": _l("witness"),
}
JOBS = {
    "keys.destroy": _l("Destroy a key"),
    "alerts.look": _l("Look for alerts"),
    "record.check": _l("Check the newest part of the record"),
    "record.check_all": _l("Check the whole record"),
    "campaign.move_year": _l("Move a campaign’s content to another year’s key"),
    "campaign.settle": _l("Settle items"),
    "campaign.shred": _l("Shred a campaign"),
    "campaigns.shred_due": _l("Shred campaigns whose last day has passed"),
    "campaigns.settle_left": _l("Settle what was left undecided"),
    "claims.end_due": _l("End claims whose time is over"),
    "device_keys.keep_entries": _l("Keep the proof of new devices"),
    "devices.forget": _l("Forget the devices of somebody who is erased"),
    "drafts.shred_of": _l("Shred the drafts of somebody who is erased"),
    "drafts.shred_over": _l("Shred old drafts"),
    "jobs.forget_done": _l("Forget finished jobs"),
    "key_requests.tell": _l("Tell people that somebody waits for a key"),
    "look_ups.tell": _l("Tell people that their name was opened"),
    "notice.send": _l("Send notices"),
    "numbers.count": _l("Count what was approved"),
    "numbers.count_all": _l("Start the daily count"),
    "people.end_due": _l("End memberships whose time is over"),
    "person.leave": _l("Free what somebody may no longer hold"),
    "record.expire": _l("Let old entries of the record expire"),
    "sessions.forget_ended": _l("Forget ended sessions"),
    "witness.ask": _l("Ask a witness to cosign"),
    "witness.ask_all": _l("Ask every witness to cosign"),
}
REFUSALS = {
    "agency_rule": _l("a rule of an agency"),
    "agency_audience": _l("not shared with this agency"),
    "callback.declined": _l("cancelled by the person"),
    "clearance": _l("clearance too low"),
    "clearance_ceiling": _l("sign-in not trusted that far"),
    "closed": _l("campaign has ended"),
    "compartment": _l("not in the closed group"),
    "export_from_here": _l("no export from this network"),
    "look_alike": _l("looks like another agency"),
    "need_to_know": _l("not let in"),
    "one_at_a_time": _l("another sealed item in hand"),
    "second_person": _l("signed already"),
    "signed_by_others": _l("signed by others"),
    "signing_agency": _l("not for this agency to sign"),
    "duties": _l("roles do not go together"),
    "organisation": _l("another organisation by now"),
    "own_affair": _l("own affair"),
    "own_campaign": _l("own campaign"),
    "partner_role": _l("not for partners"),
    "recent_sign_in": _l("sign-in too long ago"),
    "results_of_agency": _l("results of another agency"),
    "role": _l("role missing"),
    "role_of_marketplace": _l("not an agency’s to give"),
    "sharing_terms": _l("no terms between the agencies"),
    "skill": _l("skill missing"),
    "token.acr_too_low": _l("sign-in too weak"),
    "views": _l("opened as often as is allowed"),
    "zone": _l("network not known"),
}
_NOT_ACCEPTED = _l("the agency’s answer was not accepted")
_NOT_THERE = _l("not there, or hidden")
_DOES_NOT_OPEN = _l("sealed content that does not open")
_SEALING = frozenset(kind.__name__ for kind in every_subclass(SealingError))
ERRORS = {
    "AccessTokenRefused": _l("token not accepted"),
    "NeedsDevice": _l("device not set up"),
    "DeviceBeyondProof": _l("device whose setting up cannot be shown"),
    "NotAHolder": _l("device without the campaign’s key"),
    "BadSealing": _l("not sealed for this"),
    "BadTrace": _l("result without its answers"),
    "KeyNotShared": _l("key not shared with everybody"),
    "NotSealed": _l("not sealed"),
    "KeyUnavailable": _l("key not there"),
    "UnknownKey": _l("key not there"),
    "CannotVouch": _l("the agency’s sign-in cannot confirm a device"),
    "CannotWearHat": _l("another agency’s sign-in is needed"),
    "NoSecondFactor": _l("no second factor there"),
    "CredentialRefused": _l("directory credential not accepted"),
    "NoFilterHere": _l("asked with a filter where there is none"),
    "CannotMove": _l("cannot be moved"),
    "InvitationElsewhere": _l("invitation of another agency"),
    "InvitationOver": _l("invitation over"),
    "NoLongerAMember": _l("membership ended"),
    "AlertAboutYou": _l("own affair"),
    "NotAMember": _l("not registered"),
    "NotAccepted": _l("not taken in by sign-in alone"),
    "OrganisationChanged": _l("another organisation by now"),
    "OwnAffair": _l("own affair"),
    "NeedsStepUp": _l("sign-in too old or too weak"),
    "NumberNotApproved": _l("number not approved"),
    "ProviderSuspended": _l("sign-in service suspended"),
    "TokenNamesPerson": _l("the agency’s sign-in would give a name away"),
    "UnknownNumber": _l("not there, or hidden"),
    "NotYoursToGive": _l("not theirs to give"),
    "NotYoursToMove": _l("not theirs to move on"),
    "NotYoursToShred": _l("not theirs to shred"),
    "NotFromHere": _l("not from this network"),
    "NotPermitted": _l("role missing"),
    "ProviderUnreachable": _l("the agency’s sign-in did not answer"),
    "SignInExpired": _l("sign-in took too long"),
    "StepUpByAnother": _l("somebody else signed in"),
    "LookAlike": _l("looks like another agency"),
    "NotYoursToSign": _l("not for this person to sign"),
    "SignatureBroken": _l("a signature does not fit"),
    "UnknownAgency": _l("not there, or hidden"),
}
_API = _l("programming interface")
RULES = {
    "majority-1": _l("Most answers; ties by the order of the options, “can’t tell” last"),
    "more-than-half-1": _l("Every option that more than half chose"),
    "median-1": _l("The middle value; of two in the middle the smaller or earlier one"),
    "same-text-1": _l("The text that most wrote, whatever its capitals and spaces; ties by the alphabet"),
    "borda-1": _l("Points for places; ties by the order of the options"),
    "each-question-1": _l("Each question by itself, by the rule of its kind"),
}


def act(code: str) -> str:
    """What was done, as the record's list says it."""
    return str(ACTS.get(code, code))


def purpose(code: str | None) -> str:
    """Why content was touched."""
    return "–" if not code else str(PURPOSES.get(code, code))


def zone(code: str | None) -> str:
    """The network it came from."""
    return "–" if not code else str(ZONES.get(code, code))


def device(name: str | None) -> str:
    """Firefox on Linux: what a person recognises their browser by."""
    browser, _, system = (name or "").partition("/")
    if browser and system:
        return gettext("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or gettext("A browser we do not know")


def outcome(code: str) -> str:
    """How it ended."""
    return str(OUTCOMES.get(code, code))


def thing(kind: str | None, identifier: str | None) -> str:
    """The kind of thing it was done to. An address of ours is a page, or belongs to the programming interface."""
    if kind == "route" and (identifier or "").startswith("api."):
        return str(_API)
    return str(OBJECTS.get(kind, kind)) if kind else ""


def refusal(codes: Iterable[str], error: str | None) -> str:
    """Why something was refused, in a few words for a list: by rule, else by kind of refusal; may be nothing."""
    said = [REFUSALS.get(code) or _of_sign_in(code) for code in codes] or [_of_error(error or "")]
    return ", ".join(dict.fromkeys(str(each) for each in said if each))


def _of_error(error: str) -> Any:
    """Whatever is not there has one way to say so, and so has sealed content that does not open."""
    if error in _SEALING:
        return _DOES_NOT_OPEN
    return ERRORS.get(error) or (_NOT_THERE if error.startswith("NoSuch") else None)


def _of_sign_in(code: str) -> Any:
    """Codes of the sign-in have two parts: where the fault was, and which."""
    return _NOT_ACCEPTED if "." in code else None


def job(kind: str) -> str:
    """A kind of job in words."""
    return str(JOBS.get(kind, kind))


def rule(code: str) -> str:
    """How answers became a result."""
    return str(RULES.get(code, code))


def role(code: str) -> str:
    """A role in words."""
    return str(ROLES.get(code, code))
