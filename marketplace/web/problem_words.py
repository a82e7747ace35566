"""What people read for each kind of problem, by the problem's slug."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True, slots=True)
class Words:
    """What people read for one kind of problem."""

    title: Any
    lead: Any
    icon: str = "info"


WORDS: Mapping[str, Words] = {
    "not-done": Words(
        _l("This could not be done"), _l("Nothing was changed. Go back and try it another way.")
    ),
    "not-found": Words(
        _l("There is nothing here"), _l("The address leads nowhere, or to something you may not see.")
    ),
    "refused": Words(
        _l("A rule does not allow this"), _l("Your agency’s administrator can tell you more."), "lock"
    ),
    "conflict": Words(
        _l("This has changed in the meantime"),
        _l("Somebody else was faster. Look again; nothing of yours is lost."),
    ),
    "invalid-input": Words(
        _l("Something needs to be put right"),
        _l("Nothing was changed. Go back; what you typed is still there."),
    ),
    "unavailable": Words(
        _l("Not available at the moment"),
        _l("A part of the marketplace does not answer. Nothing was changed; try again in a moment."),
        "warning",
    ),
    "outcome-unknown": Words(
        _l("Send it once more"),
        _l("It is not known whether this was done. Go back and send it again; it will not be done twice."),
        "warning",
    ),
    "bad-json": Words(_l("This cannot be read"), _l("What was sent is not in the form this address takes.")),
    "shredded": Words(
        _l("This was shredded"),
        _l(
            "Its keys and its content were destroyed. Nobody can read it any more, and nobody can bring it back."
        ),
        "lock",
    ),
    "nothing-sealed": Words(
        _l("Nothing of this campaign is sealed"), _l("So there is nothing here to shred.")
    ),
    "not-yours-to-shred": Words(
        _l("This is not yours to decide"),
        _l("Task owners of the campaign’s agency decide how long its sealed content is kept."),
    ),
    "not-yours-to-move": Words(
        _l("This is not yours to do"),
        _l(
            "Task owners of the campaign’s agency move it on; a colleague who administers the agency opens it."
        ),
    ),
    "wrong-stage": Words(
        _l("The campaign is in another stage by now"),
        _l("A colleague was faster. Look at it again; nothing was changed."),
    ),
    "bad-remark": Words(
        _l("Say what should change"), _l("Nothing was sent back. The owner needs a sentence or two to go on.")
    ),
    "bad-keep-day": Words(
        _l("Choose another day"),
        _l("From today on, at most as far ahead as your agency keeps work of this level."),
    ),
    "sealed-elsewhere": Words(
        _l("This is sealed end to end"),
        _l("It is sealed and opened on people’s own devices. The marketplace cannot do this for you."),
        "lock",
    ),
    "not-under-seal": Words(
        _l("This campaign is not sealed"), _l("Open the page again to see what it offers.")
    ),
    "not-sealed-here": Words(
        _l("Work of this level is not sealed before it is posted"),
        _l("Your agency has it handled in another way. Post the file as it is."),
    ),
    "not-under-own-key": Words(
        _l("This campaign has no key that people hold"),
        _l("Only campaigns that are sealed end to end have one."),
    ),
    "last-holder": Words(
        _l("This is the last device that holds the key"),
        _l("Without it nobody could open the campaign. Give the key to another device first."),
        "lock",
    ),
    "key-not-shared": Words(
        _l("The campaign’s key has to be shared with more"),
        _l("Your own device and the keys that your agency has registered must be able to open it."),
    ),
    "not-a-colleague": Words(
        _l("The key cannot be given to them"),
        _l("It goes to people of your agency who may read the results and have set up a device."),
    ),
    "device-not-witnessed": Words(
        _l("This device is not witnessed yet"),
        _l(
            "No witness of the record has confirmed yet that it was set up. Wait a minute and try again; if it stays "
            "like this, set up the device anew."
        ),
    ),
    "not-recoverable": Words(
        _l("The agency’s offline key does not open this campaign"),
        _l("It was posted before your agency had registered one."),
        "lock",
    ),
    "bad-trace": Words(
        _l("The result does not trace to the answers"),
        _l("It has to name exactly the answers that there are. Nothing was kept."),
    ),
    "not-sealed": Words(
        _l("Your answer was not taken"),
        _l(
            "Answers to this campaign are sealed in your browser first. Open the item again and send it from there."
        ),
        "lock",
    ),
    "bad-sealing": Words(
        _l("Your answer could not be taken"),
        _l("It was not sealed for this item. Open the item again; your draft is still there."),
        "lock",
    ),
    "key-already-given": Words(
        _l("This key was given already"),
        _l("Another device or your agency’s own service was faster. Nothing has to be done."),
    ),
    "not-a-holder": Words(
        _l("This device does not hold the campaign’s key"),
        _l(
            "The campaign is sealed end to end. Its owner can give the key to your device, from one that holds it."
        ),
        "lock",
    ),
    "needs-device": Words(
        _l("Set up this browser first"),
        _l("This work is sealed to the device it is done on. Setting up takes one sign-in."),
        "lock",
    ),
    "device-beyond-proof": Words(
        _l("Set up this browser anew"),
        _l(
            "What shows how it was set up is gone, so nobody gives it keys. Remove it under “My devices” and set it up"
            " again."
        ),
        "lock",
    ),
    "sealer-unknown": Words(
        _l("Nobody can show who sealed this item"),
        _l(
            "Who sealed it was erased, or what showed it is gone. Give the item back. The agency whose work it is has"
            " to post it again."
        ),
        "lock",
    ),
    "skill-list-full": Words(
        _l("This list is full"),
        _l("It holds 100 skills. Take one off it under “My skills”, then add this one."),
    ),
    "no-place-left": Words(
        _l("You have five devices already"),
        _l("Remove one that you don’t use any more under “My devices”, then set up this one."),
    ),
    "device-key-known": Words(
        _l("This key was set up before"),
        _l("A key is set up once. Make a new one, also where the old one was removed."),
    ),
    "enrolment-over": Words(
        _l("Begin setting up again"),
        _l("It took longer than a quarter of an hour or was begun in another browser. Nothing is lost."),
        "clock",
    ),
    "cannot-vouch": Words(
        _l("Your agency’s sign-in cannot confirm a device"),
        _l(
            "It signs in a way that nobody else can check. Your administrator can choose another signature there."
        ),
        "lock",
    ),
    "token-names-person": Words(
        _l("Your agency’s sign-in would give your name away"),
        _l(
            "What it signs for a device is shown to whoever seals work for you, and it writes your name or address into"
            " it. Your administrator can have it leave that out."
        ),
        "lock",
    ),
    "evidence-refused": Words(
        _l("It is not shown whose device this is"),
        _l("Nothing is sealed to a device that nobody vouched for. Tell your security officer."),
        "lock",
    ),
    "idempotency-key-reused": Words(
        _l("This form was sent before"),
        _l("The first time counted. Open the page again to see where you are."),
    ),
    "not-signed-in": Words(
        _l("Sign in first"), _l("Your session ended. Sign in, and go on where you were."), "lock"
    ),
    "token-refused": Words(
        _l("This token is not accepted"), _l("It is unknown, over or revoked. Make a new one.")
    ),
    "too-many-calls": Words(
        _l("Wait a minute"),
        _l("Too many calls came in one minute. Nothing was changed; go on in the next."),
        "clock",
    ),
    "version-changed": Words(
        _l("This has changed in the meantime"), _l("Look at it as it is now, then make your change again.")
    ),
    "not-offered": Words(
        _l("Not offered here"), _l("This address is known, but the marketplace does not do this.")
    ),
    "not-permitted": Words(
        _l("Your role does not include this"),
        _l("What you opened belongs to another role than yours."),
        "lock",
    ),
    "no-longer-a-member": Words(
        _l("Your membership here has ended"),
        _l("Nothing was changed. Your agency’s administrator can tell you more."),
        "lock",
    ),
    "invitation-over": Words(
        _l("Ask for a new invitation"),
        _l(
            "This one was used or withdrawn, or its two weeks are over. Whoever invited you can make another."
        ),
        "clock",
    ),
    "invitation-elsewhere": Words(
        _l("Open the link again and sign in at the agency that it names"),
        _l("The invitation belongs to another agency than the one you signed in at. It was not used."),
    ),
    "number-not-approved": Words(
        _l("This number is not approved"),
        _l("Your works council has not agreed to it. Until it does, it is neither counted nor shown."),
        "lock",
    ),
    "own-affair": Words(
        _l("Ask a colleague"),
        _l("Nobody gives roles or clearances to themselves, or agrees for both sides."),
        "lock",
    ),
    "alert-about-you": Words(
        _l("Ask a colleague"),
        _l("This alert is about you. Somebody else looks into it and closes it."),
        "lock",
    ),
    "alert-closed": Words(
        _l("This alert is closed"), _l("Somebody has looked into it. You find there what was found.")
    ),
    "alert-taken": Words(
        _l("Another officer has taken this alert"),
        _l("Nothing was changed. Hand it on to yourself to take it over."),
    ),
    "role-clash": Words(
        _l("These roles do not go together"),
        _l("Whoever watches is not watched. End the other role first, or choose somebody else."),
        "lock",
    ),
    "role-not-given": Words(
        _l("This role cannot be given here"), _l("Below you see which rule is in the way."), "lock"
    ),
    "clearance-not-given": Words(
        _l("This clearance cannot be given here"), _l("Below you see which rule is in the way."), "lock"
    ),
    "cannot-move": Words(
        _l("This membership cannot be moved"),
        _l("Partners and people on secondment are not moved. Change to the hat of the home agency first."),
        "lock",
    ),
    "not-accepted": Words(
        _l("Ask the new agency for an invitation"),
        _l(
            "It takes nobody in by sign-in alone. Its administrator can also agree to the move. Nothing was changed."
        ),
        "lock",
    ),
    "role-held": Words(
        _l("The person holds this role already"), _l("End it first if it should begin or end on another day.")
    ),
    "last-administrator": Words(
        _l("Make somebody else administrator first"),
        _l("This is the last administrator of the agency. Nothing was changed."),
    ),
    "already-a-member": Words(
        _l("Already a member of this agency"), _l("Nothing was changed. One membership per agency is enough.")
    ),
    "identity-taken": Words(
        _l("This sign-in belongs to somebody else here"),
        _l("Nothing was changed. Ask the administrator of the agency where you signed in."),
        "lock",
    ),
    "move-over": Words(
        _l("This move is no longer open"), _l("It is done, declined, withdrawn, or its two weeks are over.")
    ),
    "move-asked": Words(
        _l("This move is asked for already"),
        _l("It waits for an answer. It can be withdrawn and asked for again."),
    ),
    "bad-period": Words(
        _l("The last day does not fit"),
        _l("It has to lie ahead: within a year for partners, within two years for secondments."),
        "clock",
    ),
    "not-a-member": Words(
        _l("Ask your administrator to register you"),
        _l("Your agency vouches for you, but you are not registered here yet."),
        "lock",
    ),
    "organisation-changed": Words(
        _l("Ask your administrator here, or your new agency, for an invitation"),
        _l(
            "Your sign-in says that you belong to another organisation than before. Nothing of yours was ended. If you "
            "work elsewhere now, the administrators of both agencies can also agree to a move; then you keep what you "
            "did."
        ),
        "lock",
    ),
    "sign-in-expired": Words(
        _l("Start the sign-in again"),
        _l("It took too long or was begun in another browser. Nothing is lost."),
        "clock",
    ),
    "provider-unreachable": Words(
        _l("Try again in a moment"),
        _l("Your agency’s sign-in does not answer at the moment. Other agencies are not affected."),
        "warning",
    ),
    "provider-suspended": Words(
        _l("Sign-in at this agency is suspended"),
        _l("Its administrators have closed it for now. Ask them; other agencies are not affected."),
        "lock",
    ),
    "sign-out-unconfirmed": Words(
        _l("You are signed out here"),
        _l(
            "We could not tell whether you are signed out at your agency as well. Close all windows to be sure."
        ),
        "lock",
    ),
    "sign-in-refused": Words(
        _l("Your agency’s answer cannot be accepted"),
        _l(
            "Tell your agency’s administrator the reference: its sign-in service answers in a way we cannot accept."
        ),
        "lock",
    ),
    "rules-unreadable": Words(
        _l("Nothing opens here at the moment"),
        _l(
            "The rules of an agency cannot be verified. Until they can be, nothing of that agency opens. Tell its "
            "security officer the reference."
        ),
        "warning",
    ),
    "draft-changed": Words(
        _l("Your draft has changed"),
        _l(
            "You changed it in another tab or by a program. Open the rules again and look at it as it is now."
        ),
    ),
    "rules-changed": Words(
        _l("Other rules hold by now"),
        _l("Another administrator signed rules while you were drafting. Compare the two, then go on."),
    ),
    "nothing-to-sign": Words(
        _l("There is nothing to sign"), _l("Your draft says the same as the rules in force.")
    ),
    "bad-rules": Words(
        _l("A rule needs a change"), _l("Nothing was changed. Below you see what to put right.")
    ),
    "examples-disagree": Words(
        _l("Some examples say otherwise than the rules"),
        _l("Nothing was signed. Mend the example or the rule; then sign."),
    ),
    "sign-in-again": Words(
        _l("Sign in again to go on"),
        _l("This can be done only soon after signing in. Sign in again, then you go on where you were."),
        "shield",
    ),
    "signed-in-as-another": Words(
        _l("Sign in as yourself"),
        _l(
            "Somebody else signed in just now than the person who is signed in here. Nothing was changed. Sign out at "
            "your agency’s sign-in first, and try again."
        ),
        "lock",
    ),
    "no-second-factor": Words(
        _l("Ask your administrator about a second factor"),
        _l("This asks for a second factor, and your agency’s sign-in does not offer one here yet."),
        "lock",
    ),
    "form-not-kept": Words(
        _l("This form is no longer kept"),
        _l("It was sent already, or waited longer than a quarter of an hour. Open its page again."),
        "clock",
    ),
    "hat-not-vouched": Words(
        _l("Sign in at that agency"),
        _l("To act for another agency, sign in by the agency that vouches for you there."),
        "lock",
    ),
    "not-eligible": Words(
        _l("You can’t work on this yet"),
        _l("A rule is not met. Below you see which, and what would help."),
        "lock",
    ),
    "not-for-you": Words(
        _l("Ask the owner for the results"),
        _l("Results are open to task owners and appraisers of the agency that asked."),
        "lock",
    ),
    "not-from-here": Words(
        _l("Not from this network"),
        _l("The agency that asked lets this be done from its own networks. Below you see what would help."),
        "lock",
    ),
    "nothing-left": Words(
        _l("Nothing is waiting here for you"),
        _l("Others may still give items back. There is more work on the board."),
    ),
    "already-taken": Words(
        _l("Someone else took the last place"),
        _l("It happened a moment ago. There are similar items on the board."),
    ),
    "already-answered": Words(
        _l("You have answered this already"), _l("One answer per person counts. Yours is in.")
    ),
    "already-yours": Words(_l("This is in your hands already"), _l("You find it under “My work”.")),
    "claim-over": Words(
        _l("This item is no longer in your hands"),
        _l("Its time is over and its place is taken. Nothing is held against you."),
        "clock",
    ),
    "no-more-extensions": Words(
        _l("This item can’t be kept longer"),
        _l("It was extended as often as the campaign allows. Submit it or give it back."),
        "clock",
    ),
    "not-settled-yet": Words(
        _l("There is no result yet"), _l("Others are still answering this item."), "clock"
    ),
    "bad-answer": Words(_l("The answer needs a change"), _l("Go back; what you typed is still there.")),
    "bad-settings": Words(
        _l("The campaign’s settings need a change"),
        _l("Nothing was posted. Below you see what to put right."),
    ),
    "bad-rows": Words(
        _l("Some rows cannot be imported"), _l("Nothing was imported. Put them right and import again.")
    ),
    "key-unavailable": Words(
        _l("Try again in a moment"),
        _l("The key for this content cannot be used at the moment. Nothing was opened."),
        "warning",
    ),
    "seal-broken": Words(
        _l("This content cannot be opened"),
        _l("Its seal does not fit. Tell your security officer the reference; nothing was shown."),
        "warning",
    ),
    "job-not-given-up": Words(
        _l("This job was not given up"), _l("Only a job that was given up can start over.")
    ),
    "not-yours-to-sign": Words(
        _l("Somebody else has to sign this"),
        _l("It takes the signatures of different people. Yours is not one of those that are missing."),
        "lock",
    ),
    "signature-broken": Words(
        _l("The signatures do not fit"),
        _l("What lies here is not what was signed. Nothing was put in force; tell your security officer."),
        "warning",
    ),
    "look-alike": Words(
        _l("This looks like another agency"),
        _l(
            "People would mistake it for an agency that takes part already. Choose a name or address of its own."
        ),
        "warning",
    ),
    "proposal-ended": Words(
        _l("This proposal is no longer open"),
        _l(
            "It is in force, was withdrawn, or waited more than 14 days. Make a new one if it is still wanted."
        ),
    ),
    "provider-changed": Words(
        _l("The sign-in service has changed"),
        _l("It was changed after this was proposed. Look at it as it is now and propose again."),
    ),
    "key-still-needed": Words(
        _l("This key is still needed"),
        _l("Content or sign-in secrets need it. An operator moves them to a new key first."),
    ),
    "already-founded": Words(
        _l("Agencies take part here already"),
        _l("A further agency is enrolled by two administrators."),
    ),
    "unit-loop": Words(
        _l("A unit cannot stand below itself"),
        _l("Choose another place for it. Nothing was changed."),
    ),
    "unit-not-empty": Words(
        _l("This unit is not empty"),
        _l("There are units or people in it. Move them first, or merge it into another unit."),
    ),
    "unit-name-taken": Words(
        _l("There is a unit of this name here"),
        _l("Choose another name or another place. Nothing was changed."),
    ),
    "form-expired": Words(
        _l("Open the page again"), _l("The form is out of date. Reload the page and send it again.")
    ),
    "http-404": Words(
        _l("There is nothing here"), _l("The address leads nowhere, or to something you may not see.")
    ),
    "http-405": Words(
        _l("This way does not work"),
        _l("This address only takes what a page sends to it. Go back and use the button on that page."),
    ),
    "http-413": Words(_l("This is too large"), _l("What was sent is larger than this address takes.")),
    "internal": Words(
        _l("Something went wrong on our side"),
        _l("Nothing was changed. Try again; if it stays, tell us the reference."),
        "warning",
    ),
}


SIGN_IN_REMEDIES: Mapping[str, Any] = {
    "sign_in_again": _l(
        "Sign in once more. If it happens again, tell your agency’s administrator the reference."
    ),
    "use_stronger_sign_in": _l(
        "Sign in once more in a stronger way, for example with a second factor. Your agency’s administrator can say "
        "which ways there are."
    ),
}
DECLINED = Words(
    _l("The sign-in was cancelled"), _l("Nothing was changed. You can sign in whenever you like.")
)
ONLY_SHOWS = Words(
    _l("This way does not work"), _l("This address only shows a page; nothing can be sent to it.")
)
KEPT = Words(
    _l("Your session ended"),
    _l("Nothing was sent. What you wrote is below; sign in, and go on with the item."),
    "clock",
)
OUT_OF_DATE = Words(
    _l("Open the item again"),
    _l("The form was out of date, and nothing was sent. What you wrote is below."),
    "clock",
)
