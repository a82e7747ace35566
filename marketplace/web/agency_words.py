"""Words for agreements and settings of agencies: codes in, sentences out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from agencies.agreement_specs import LEVELS
from marketplace.web import reasons, words
from security.decision import Reason

KINDS = {
    "provider.enrol": _l("New agency"),
    "provider.change": _l("Sign-in service"),
    "sharing.terms": _l("Sharing terms"),
    "keys.destroy": _l("Destroying a key"),
}
STATES = {
    "open": _l("Waits for a signature"),
    "in_force": _l("In force"),
    "withdrawn": _l("Withdrawn"),
    "over": _l("Over after 14 days"),
}
LIKENESS = {
    ("name", "near"): _l("The name “%(value)s” is close to that of %(other)s."),
    ("domain", "near"): _l("The domain %(value)s is close to one of %(other)s."),
    ("issuer", "near"): _l("The address of the sign-in service, %(value)s, is close to one of %(other)s."),
    ("name", "mixed_script"): _l("The name “%(value)s” mixes letters of several alphabets."),
    ("domain", "mixed_script"): _l("The domain %(value)s mixes letters of several alphabets."),
}
WHY_NOT = {
    "second_person": _l("You have signed. Somebody else has to sign too."),
    "signing_agency": _l("The signature that is missing is not one of your agency."),
    "own_affair": _l("This is about you, so somebody else signs it."),
}
AUTHENTICATIONS = {
    "private_key_jwt": _l("A key of ours (private_key_jwt, recommended)"),
    "client_secret_basic": _l("A secret in the header (client_secret_basic)"),
    "client_secret_post": _l("A secret in the form (client_secret_post)"),
}
FAULTS = {
    "slug": _l("Use small letters, digits and hyphens, beginning with a letter. It must not be taken."),
    "name": _l("Give it a name."),
    "initials": _l("Give one to three letters."),
    "domain": _l("Write a domain such as agency.example."),
    "mail_domains": _l("Write domains such as agency.example, one in each line."),
    "issuer": _l("Write an address that begins with https:// and that no other agency has."),
    "client_id": _l("Write the name under which the sign-in service knows us."),
    "client_secret": _l("This way of signing in needs a secret, and a key of ours needs none."),
    "organisation_claim": _l("Name the claim and the values it must have, or neither."),
    "guest": _l("Choose another agency than your own."),
    "owner": _l("Choose an agency that takes part."),
    "until": _l("Choose a day that lies ahead."),
    "guests": _l("Choose other agencies than your own."),
    "parent": _l("The tree would become too deep here. Choose another place."),
    "into": _l("A temporary unit and a lasting one cannot be merged."),
    "membership": _l("Your agency has no such member."),
}
NETWORK_FAULTS = {
    "wide": _l("%(network)s is too wide to say anything. List your agency’s own networks."),
    "special": _l("%(network)s is not a network that people come from."),
    "private": _l("%(network)s is private: every network has such addresses. List the public ones."),
    "inside": _l("%(network)s names one address inside a network. Did you mean %(meant)s?"),
    "unreadable": _l("%(network)s is not a network. Write it like 192.0.2.0/24."),
}
UNIT_CHANGES = {
    "made": _l("“%(now)s” was made."),
    "renamed": _l("“%(was)s” was renamed to “%(now)s”."),
    "moved": _l("“%(was)s” was moved."),
    "merged": _l("“%(was)s” was merged into “%(now)s”."),
    "ended": _l("“%(was)s” was ended."),
}
TOO_MANY = _l("At most 200 networks can be listed.")
BAD_WORD = _l("Give the word in English too, at most 40 characters, and no two levels the same.")
_UNUSABLE = _l("This cannot be used as it is.")
_CLAIM = re.compile(r"claim_names\.(\w+)(?:\.\w+)?$")


def levels() -> list[tuple[str, str]]:
    """The four levels with their words, for a form."""
    return [(level, words.level(level)) for level in LEVELS]


def kind(code: str) -> str:
    """What a proposal is about, in one or two words."""
    return str(KINDS.get(code, code))


def title(shown: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """A proposal in a few words. `names` are agencies by short name."""
    content = shown["content"]
    if shown["kind"] == "provider.enrol":
        return gettext("%(agency)s takes part", agency=content["agency"]["name"])
    if shown["kind"] == "provider.change":
        return gettext("Sign-in of %(agency)s", agency=names.get(content["slug"], content["slug"]))
    if shown["kind"] == "keys.destroy":
        return gettext("Key %(key)s is destroyed for ever", key=content["key"])
    return gettext(
        "People of %(guest)s work for %(owner)s",
        guest=names.get(content["guest"], content["guest"]),
        owner=names.get(content["owner"], content["owner"]),
    )


def likenesses(flags: list[dict[str, Any]], names: Mapping[str, str]) -> list[str]:
    """What a signer has to look at twice."""
    return [
        str(LIKENESS[each["what"], each["how"]])
        % {"value": each["value"], "other": names.get(each["other"], each["other"])}
        for each in flags
        if (each["what"], each["how"]) in LIKENESS
    ]


def faults(errors: Mapping[str, Any]) -> dict[str, str]:
    """What to put right, by the name of the field: the last part of its place says what is wrong there."""
    return {_field(place): str(FAULTS.get(place.split(".")[-1], _UNUSABLE)) for place in _places(errors)}


def look_alike(reason: Reason) -> str:
    """Whom a name or an address looks like, and what would help."""
    lack = reasons.missing(reason.code, reason.args, {}, reason.remedy)
    return f"{lack.remedy}: {lack.title}"


def network_faults(found: Mapping[str, Any]) -> dict[str, list[str]]:
    """What is wrong with networks, by zone."""
    return {
        zone: [
            str(NETWORK_FAULTS[each.code]) % {"network": each.network, "meant": each.meant} for each in faulty
        ]
        for zone, faulty in found.items()
    }


def unit_change(row: Mapping[str, Any]) -> str:
    """What happened to a unit, as a sentence."""
    said = {"was": row["was"].get("name", ""), "now": row["became"].get("name", row["name"])}
    return str(UNIT_CHANGES[row["what"]]) % said


def _field(place: str) -> str:
    """The field of a form for a place: what claims are called stands in a mapping, and each has a field."""
    return _CLAIM.sub(r"claim_\1", place)


def _places(errors: Mapping[str, Any], at: str = "") -> Iterator[str]:
    for name, below in errors.items():
        place = f"{at}.{name}" if at else str(name)
        if isinstance(below, Mapping) and not all(isinstance(key, int) for key in below):
            yield from _places(below, place)
        else:
            yield place
