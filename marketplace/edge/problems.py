"""From what went wrong to what people and programs are told: one table, one place (RFC 9457).

Each error class has a row; a test walks every class. What is not listed is a plain 500 with a reference to quote.
Nothing of the request, and no message of foreign code, goes into an answer or into the log.
"""

from __future__ import annotations

import secrets
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import structlog
from flask import Flask, Response, jsonify, request
from flask_wtf.csrf import CSRFError
from marshmallow import ValidationError
from sqlalchemy.exc import DataError
from werkzeug.exceptions import HTTPException

from agencies import errors as agencies
from agencies import keys
from agencies import people_errors as people
from agencies.device_keys import errors as device_keys
from agencies.oversight.alerts import errors as alerts
from agencies.rules import errors as rules
from agencies.scim import errors as scim
from agencies.skills import errors as skills
from marketplace.edge import step_up
from marketplace.edge.acting import is_api
from marketplace.edge.refusals import put_on_record
from marketplace.foundation import errors, idempotency, jobs
from marketplace.foundation.errors import DomainError
from marketplace.foundation.input import BadJson
from security import canonical, key_transparency, oidc, sealing
from tasks import errors as tasks
from tasks.consensus import NothingToInfer

log = structlog.get_logger(__name__)

Page = Callable[[dict[str, Any], int, str], Response]
Worded = Callable[[Mapping[str, Any], int], dict[str, Any]]
Document = Callable[[Exception, Mapping[str, Any]], Response]
"""How a door of its own tells a problem: from the error and its problem document."""


@dataclass(frozen=True, slots=True)
class Row:
    """The answer for one class of error and those below it that have no row of their own."""

    status: int
    slug: str
    title: str


PROBLEMS: Mapping[type[Exception], Row] = {
    errors.DomainError: Row(400, "not-done", "This could not be done"),
    errors.NotFound: Row(404, "not-found", "Not found"),
    errors.Refused: Row(403, "refused", "A rule does not allow this"),
    errors.Conflict: Row(409, "conflict", "This has changed in the meantime"),
    errors.InvalidInput: Row(422, "invalid-input", "Something needs to be mended"),
    errors.Unavailable: Row(503, "unavailable", "Not available at the moment"),
    errors.OutcomeUnknown: Row(503, "outcome-unknown", "Send it once more"),
    BadJson: Row(400, "bad-json", "This JSON cannot be read"),
    idempotency.KeyUsedDifferently: Row(422, "idempotency-key-reused", "This key belongs to another request"),
    agencies.NotSignedIn: Row(401, "not-signed-in", "Sign in first"),
    agencies.AccessTokenRefused: Row(401, "token-refused", "This token is not accepted"),
    agencies.NotPermitted: Row(403, "not-permitted", "Your role does not include this"),
    agencies.NeedsStepUp: Row(403, "sign-in-again", "Sign in again to go on"),
    agencies.StepUpByAnother: Row(403, "signed-in-as-another", "Somebody else signed in"),
    agencies.NoSecondFactor: Row(403, "no-second-factor", "Your agency's sign-in has no second factor"),
    agencies.NoSuchForm: Row(404, "form-not-kept", "This form is no longer kept"),
    agencies.CannotWearHat: Row(403, "hat-not-vouched", "Sign in at that agency first"),
    agencies.NotAMember: Row(403, "not-a-member", "You are not registered here yet"),
    agencies.OrganisationChanged: Row(
        403, "organisation-changed", "You belong to another organisation by now"
    ),
    people.NoLongerAMember: Row(403, "no-longer-a-member", "Your membership here has ended"),
    people.InvitationOver: Row(403, "invitation-over", "This invitation is over"),
    people.InvitationElsewhere: Row(403, "invitation-elsewhere", "This invitation belongs to another agency"),
    people.OwnAffair: Row(403, "own-affair", "Nobody does this for themselves"),
    alerts.AlertAboutYou: Row(403, "alert-about-you", "This alert is about you"),
    alerts.AlertClosed: Row(409, "alert-closed", "This alert is closed"),
    alerts.AlertTaken: Row(409, "alert-taken", "Another officer has taken this alert"),
    people.RoleClash: Row(403, "role-clash", "These roles do not go together"),
    people.RoleNotGiven: Row(403, "role-not-given", "This role cannot be given here"),
    people.ClearanceNotGiven: Row(403, "clearance-not-given", "This clearance cannot be given here"),
    people.CannotMove: Row(403, "cannot-move", "This membership cannot be moved"),
    people.NotAccepted: Row(403, "not-accepted", "That agency takes nobody in by sign-in alone"),
    people.RoleHeld: Row(409, "role-held", "The person holds this role already"),
    people.LastAdministrator: Row(409, "last-administrator", "This is the last administrator"),
    people.AlreadyAMember: Row(409, "already-a-member", "Already a member of this agency"),
    people.IdentityTaken: Row(409, "identity-taken", "This sign-in belongs to somebody else"),
    people.MoveOver: Row(409, "move-over", "This move is no longer open"),
    people.MoveAsked: Row(409, "move-asked", "This move is asked for already"),
    people.BadPeriod: Row(422, "bad-period", "The end does not fit"),
    device_keys.NoPlaceLeft: Row(409, "no-place-left", "You have five devices already"),
    device_keys.DeviceKeyKnown: Row(409, "device-key-known", "This key was set up before"),
    device_keys.EnrolmentOver: Row(409, "enrolment-over", "Begin setting up again"),
    device_keys.CannotVouch: Row(403, "cannot-vouch", "Your agency's sign-in cannot confirm a device"),
    device_keys.TokenNamesPerson: Row(
        403, "token-names-person", "Your agency's sign-in would give your name away"
    ),
    key_transparency.EvidenceRefused: Row(422, "evidence-refused", "It is not shown whose device this is"),
    skills.TooManySkills: Row(409, "skill-list-full", "This list is full"),
    agencies.NumberNotApproved: Row(403, "number-not-approved", "This number is not approved"),
    agencies.SignInExpired: Row(400, "sign-in-expired", "Start the sign-in again"),
    agencies.ProviderUnreachable: Row(503, "provider-unreachable", "Your agency's sign-in does not answer"),
    agencies.ProviderSuspended: Row(403, "provider-suspended", "Sign-in at this agency is suspended"),
    agencies.NotYoursToSign: Row(403, "not-yours-to-sign", "Somebody else has to sign this"),
    agencies.SignatureBroken: Row(403, "signature-broken", "The signatures do not fit"),
    agencies.LookAlike: Row(403, "look-alike", "This looks like another agency"),
    agencies.ProposalEnded: Row(409, "proposal-ended", "This proposal is no longer open"),
    agencies.ProviderChanged: Row(409, "provider-changed", "The sign-in service has changed"),
    agencies.KeyStillNeeded: Row(409, "key-still-needed", "This key is still needed"),
    agencies.AlreadyFounded: Row(409, "already-founded", "Agencies take part here already"),
    agencies.UnitLoop: Row(409, "unit-loop", "A unit cannot stand below itself"),
    agencies.UnitNotEmpty: Row(409, "unit-not-empty", "This unit is not empty"),
    agencies.UnitNameTaken: Row(409, "unit-name-taken", "There is such a unit already"),
    oidc.SignOutUnconfirmed: Row(400, "sign-out-unconfirmed", "You are signed out here"),
    oidc.SignInRefused: Row(403, "sign-in-refused", "Your agency's answer cannot be accepted"),
    rules.RulesUnreadable: Row(503, "rules-unreadable", "Rules cannot be verified"),
    rules.DraftChanged: Row(409, "draft-changed", "Your draft has changed"),
    rules.RulesChanged: Row(409, "rules-changed", "Other rules hold by now"),
    rules.NothingToSign: Row(409, "nothing-to-sign", "There is nothing to sign"),
    rules.BadRule: Row(422, "bad-rules", "A rule needs a change"),
    rules.ExamplesDisagree: Row(422, "examples-disagree", "Examples say otherwise than the rules"),
    scim.CredentialRefused: Row(401, "token-refused", "This token is not accepted"),
    scim.TooManyCalls: Row(429, "too-many-calls", "Too many calls"),
    scim.VersionChanged: Row(412, "version-changed", "This was changed in the meantime"),
    scim.NotOffered: Row(501, "not-offered", "Not offered here"),
    tasks.NotEligible: Row(403, "not-eligible", "You can't work on this yet"),
    tasks.NotForYou: Row(403, "not-for-you", "Only the owner's agency may open this"),
    tasks.NotFromHere: Row(403, "not-from-here", "Not from this network"),
    tasks.NothingLeftToClaim: Row(409, "nothing-left", "Nothing is waiting here for you"),
    tasks.AlreadyTaken: Row(409, "already-taken", "Someone else took the last place"),
    tasks.AlreadyAnswered: Row(409, "already-answered", "You have answered this already"),
    tasks.AlreadyYours: Row(409, "already-yours", "This is in your hands already"),
    tasks.ClaimOver: Row(409, "claim-over", "This claim has ended"),
    tasks.NoMoreExtensions: Row(409, "no-more-extensions", "This claim can't be kept longer"),
    tasks.NotSettledYet: Row(409, "not-settled-yet", "There is no result yet"),
    tasks.Shredded: Row(410, "shredded", "This was shredded"),
    tasks.NothingSealed: Row(409, "nothing-sealed", "Nothing here is sealed"),
    tasks.NotYoursToShred: Row(403, "not-yours-to-shred", "Task owners of the agency decide this"),
    tasks.BadKeepDay: Row(422, "bad-keep-day", "Choose another day"),
    tasks.SealedElsewhere: Row(409, "sealed-elsewhere", "This is sealed and opened on people's devices only"),
    tasks.NotUnderSeal: Row(409, "not-under-seal", "This campaign is not sealed"),
    tasks.NotSealedHere: Row(409, "not-sealed-here", "Work of this level is not sealed before it is posted"),
    tasks.NotUnderOwnKey: Row(409, "not-under-own-key", "This campaign's key is with the marketplace"),
    tasks.LastHolder: Row(409, "last-holder", "This is the last device that holds the key"),
    tasks.KeyNotShared: Row(
        422, "key-not-shared", "The campaign's key is not shared with everybody it has to be"
    ),
    tasks.NotAColleague: Row(422, "not-a-colleague", "The key cannot be given to them"),
    tasks.DeviceNotWitnessed: Row(409, "device-not-witnessed", "This device is not witnessed yet"),
    tasks.NotRecoverable: Row(409, "not-recoverable", "The agency's offline key does not open this campaign"),
    tasks.BadTrace: Row(422, "bad-trace", "The result does not trace to the answers"),
    tasks.NotSealed: Row(422, "not-sealed", "Seal the answer first"),
    tasks.BadSealing: Row(422, "bad-sealing", "This was not sealed for this"),
    tasks.NeedsDevice: Row(403, "needs-device", "Set up this device first"),
    tasks.DeviceBeyondProof: Row(403, "device-beyond-proof", "Set up this device anew"),
    tasks.SealerUnknown: Row(409, "sealer-unknown", "Nobody can show who sealed this item"),
    tasks.KeyAlreadyGiven: Row(409, "key-already-given", "This key was given already"),
    tasks.NotAHolder: Row(403, "not-a-holder", "This device does not hold the campaign's key"),
    tasks.BadAnswer: Row(422, "bad-answer", "The answer needs a change"),
    tasks.NotYoursToMove: Row(403, "not-yours-to-move", "This is not yours to do to this campaign"),
    tasks.WrongStage: Row(409, "wrong-stage", "The campaign is in another stage by now"),
    tasks.BadRemark: Row(422, "bad-remark", "A sentence is missing"),
    tasks.BadSpec: Row(422, "bad-settings", "The campaign's settings need a change"),
    tasks.BadRows: Row(422, "bad-rows", "The file cannot be imported"),
    tasks.KeyUnavailable: Row(503, "key-unavailable", "The key cannot be used at the moment"),
    keys.KeyTrouble: Row(503, "key-unavailable", "The key cannot be used at the moment"),
    sealing.SealingError: Row(503, "seal-broken", "This content cannot be opened"),
    canonical.NotCanonical: Row(422, "invalid-input", "Something needs to be mended"),
    NothingToInfer: Row(422, "invalid-input", "Something needs to be mended"),
    jobs.NotDead: Row(409, "job-not-given-up", "This job was not given up"),
}

FACTS: Mapping[type[Exception], tuple[str, ...]] = {tasks.BadSealing: ("problem",)}
"""Facts that are told for single classes, instead of `errors` and `count`; other classes' are of our own machines."""


class MissingIdempotencyKey(errors.InvalidInput):
    """Send an Idempotency-Key header with a fresh random value, so that a repeat is not done twice."""


def install(app: Flask, page: Page, in_words: Worded, documents: Mapping[str, Document]) -> None:
    """Answer every error of `app`: programs get `application/problem+json`, people get `page`.

    Scripts of pages get the document `in_words`, in the language of the page that shows it. `documents` names, by the
    beginning of an address, doors whose protocol has a form of its own for errors.
    """

    def answer(error: Exception) -> Response:
        return _answer(error, page, in_words, documents)

    for kind in (DomainError, HTTPException, ValidationError, DataError, OverflowError, Exception):
        app.register_error_handler(kind, answer)


def row_for(kind: type[Exception]) -> Row | None:
    """The row of an error class: its own, or the nearest above it."""
    return next((PROBLEMS[parent] for parent in kind.__mro__ if parent in PROBLEMS), None)


def _answer(error: Exception, page: Page, in_words: Worded, documents: Mapping[str, Document]) -> Response:
    reference = new_reference()
    if isinstance(error, agencies.NotSignedIn) and not is_api() and request.method == "GET":
        query = urlencode({"then": request.full_path.rstrip("?")})
        return Response(status=303, headers={"Location": f"/sign-in?{query}"})
    problem = describe(error, reference)
    if isinstance(error, DomainError) and not put_on_record(error, reference):
        problem = describe(errors.Unavailable(), reference)
    elif not is_api():
        step_up.offer(error)
    status = problem["status"]
    _log(error, status, reference)
    own = next((form for door, form in documents.items() if request.path.startswith(door)), None)
    if own is not None:
        response = own(error, problem)
    else:
        if is_api():
            response = _document(problem)
        elif _wants_json():
            response = _document(in_words(problem, status))
        else:
            response = page(problem, status, reference)
        response.status_code = status
    if status == 503:
        response.headers["Retry-After"] = "2"
    if status == 401 and is_api():
        response.headers["WWW-Authenticate"] = 'Bearer realm="marketplace"'
    response.headers["Cache-Control"] = "no-store"
    return response


def describe(error: Exception, reference: str) -> dict[str, Any]:
    """The problem document for an error, with the facts that people may see: reasons and places."""
    if isinstance(error, DomainError):
        row = row_for(type(error)) or PROBLEMS[DomainError]
        problem = _problem(row.status, row.slug, row.title, error.message, reference)
        reasons = error.facts.get("reasons") or ()
        if reasons:
            problem["reasons"] = [
                {"code": reason.code, "args": dict(reason.args), "remedy": reason.remedy}
                for reason in reasons
            ]
        for fact in FACTS.get(type(error), ("errors", "count")):
            if error.facts.get(fact):
                problem[fact] = error.facts[fact]
        return problem
    if isinstance(error, ValidationError):
        row = PROBLEMS[errors.InvalidInput]
        sentence = "Some fields cannot be used as they are."
        return _problem(row.status, row.slug, row.title, sentence, reference) | {"errors": error.messages}
    if isinstance(error, (DataError, OverflowError)):
        row = PROBLEMS[errors.InvalidInput]
        return _problem(
            row.status, row.slug, row.title, "A value does not fit where it should go.", reference
        )
    if isinstance(error, CSRFError):
        sentence = "This form is out of date. Reload the page and send it again."
        return _problem(400, "form-expired", "The form has expired", sentence, reference)
    if isinstance(error, HTTPException) and error.code is not None and error.code < 500:
        title, sentence = _HTTP.get(error.code, ("This request cannot be answered", error.name + "."))
        return _problem(error.code, f"http-{error.code}", title, sentence, reference)
    sentence = f"Something went wrong on our side. Nothing was changed. Tell us the reference {reference}."
    return _problem(500, "internal", "Something went wrong", sentence, reference)


def new_reference() -> str:
    """A short word to quote, without letters that are mistaken for digits."""
    letters = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
    drawn = "".join(secrets.choice(letters) for _ in range(6))
    return f"R-{drawn[:4]}-{drawn[4:]}"


_HTTP = {
    404: ("Not found", "There is nothing here, or nothing that you may see."),
    405: ("Not that way", "This address does not take this kind of request."),
    413: ("Too large", "What was sent is larger than this address takes."),
    415: ("Another format, please", "Send JSON with the content type application/json."),
}


def _problem(status: int, slug: str, title: str, detail: str, reference: str) -> dict[str, Any]:
    return {
        "type": f"/problems/{slug}",
        "slug": slug,
        "title": title,
        "status": status,
        "detail": detail,
        "reference": reference,
    }


def _document(problem: dict[str, Any]) -> Response:
    response = jsonify({name: value for name, value in problem.items() if name != "slug"})
    response.content_type = "application/problem+json"
    return response


def _wants_json() -> bool:
    best = request.accept_mimetypes.best_match(["text/html", "application/json", "application/problem+json"])
    return best is not None and best != "text/html"


def _log(error: Exception, status: int, reference: str) -> None:
    facts = {
        "reference": reference,
        "status": status,
        "error": type(error).__name__,
        "endpoint": request.endpoint,
    }
    if status >= 500 and not isinstance(error, errors.Unavailable):
        log.error("request.broken", at=where(error), **facts)
    else:
        log.info("request.refused", **facts)


def where(error: BaseException) -> list[str]:
    """The places in our files an error came through; no message and no value, they may be payload."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames][-8:]
