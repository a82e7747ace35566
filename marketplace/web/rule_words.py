"""Rules in words: conditions as sentences, cases, patterns, actions, remedies. One table each, all of it translated.

A condition is made of whole phrases, one per attribute and question, so that other languages can order their words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from babel.lists import format_list
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp

from marketplace.web.languages import formats
from marketplace.web.words import LEVELS, ROLES, ZONES, number
from security.access.attributes import ATTRIBUTES, Kind, Value
from security.access.lattice import OTHER

Names = Mapping[str, str]
"""Words for values that come from data: agencies and skills by their code."""

ACTIONS = {
    "know": _l("find a task in lists and searches"),
    "claim": _l("take on an item"),
    "open": _l("open an item and answer it"),
    "results": _l("read results"),
    "export": _l("download results"),
}
SHORT_ACTIONS = {
    "know": _lp("a task", "find"),
    "claim": _lp("an item", "take on"),
    "open": _lp("an item", "answer"),
    "results": _l("read results"),
    "export": _l("download results"),
}
REMEDIES = {
    "step_up": _l("sign in again with a second factor"),
    "use_office_network": _l("use the office network"),
    "use_vpn": _l("use the VPN"),
    "use_managed_device": _l("use a device that the agency manages"),
    "add_skill": _l("say that one has the skill"),
    "ask_owner": _l("ask the owner of the task"),
    "ask_administrator": _l("ask the agency’s administrator"),
    "ask_security_officer": _l("ask the security officer"),
    "ask_colleague": _l("ask a colleague to do it"),
    "find_other_work": _l("find other work"),
}
DEVICES = {
    "unknown": _lp("device", "unknown"),
    "enrolled": _lp("device", "enrolled by its owner"),
    "managed": _lp("device", "managed by the agency"),
}
FACTORS = {
    "none": _lp("sign-in", "no known factor"),
    "single": _lp("sign-in", "one factor"),
    "multi": _lp("sign-in", "two factors"),
}
CHANNELS = {
    "web": _lp("way in", "the browser"),
    "api": _lp("way in", "a program"),
    "cli": _lp("way in", "the command line"),
    "job": _lp("way in", "the marketplace itself"),
}
NOTHING_SHARED = _lp("sharing", "nothing")

ATTRIBUTE_NAMES = {
    "principal.agency": _l("Agency of the person"),
    "principal.roles": _l("Roles of the person"),
    "principal.clearance": _l("Clearance of the person"),
    "principal.compartments": _l("Closed groups of the person"),
    "principal.skills": _l("Skills of the person"),
    "principal.partner": _l("The person is a partner"),
    "context.zone": _l("Network"),
    "context.device": _l("Device"),
    "context.factor": _l("Sign-in"),
    "context.minutes_since_sign_in": _l("Minutes since the sign-in"),
    "context.channel": _l("Way in"),
    "resource.agency": _l("Agency of the task"),
    "resource.level": _l("Label of the task"),
    "resource.compartments": _l("Closed groups of the task"),
    "resource.skills": _l("Skills that the task asks for"),
    "resource.audience": _l("Agencies that the task is for"),
    "resource.open_to_all": _l("The task is for every agency"),
    "resource.open": _l("The campaign is running"),
    "resource.shared_up_to": _l("Terms between the agencies reach to"),
    "resource.need_to_know": _l("The task is only for people who were let in"),
    "resource.granted": _l("The person was let in"),
}
"""For forms and lists. People themselves are named by no rule."""

_FLAGS = {
    "principal.partner": (_l("the person is a partner"), _l("the person is not a partner")),
    "resource.open_to_all": (
        _l("the task is for every agency"),
        _l("the task is for chosen agencies only"),
    ),
    "resource.open": (_l("the campaign is running"), _l("the campaign has ended")),
    "resource.need_to_know": (
        _l("the task is only for people who were let in"),
        _l("nobody needs to be let in"),
    ),
    "resource.granted": (_l("the person was let in"), _l("the person was not let in")),
}
_IS = {
    "principal.agency": _l("the person is from %(value)s"),
    "principal.clearance": _l("the clearance is %(value)s"),
    "context.zone": _l("the network is %(value)s"),
    "context.device": _l("the device is %(value)s"),
    "context.factor": _l("the sign-in was with %(value)s"),
    "context.channel": _l("the way in is %(value)s"),
    "resource.agency": _l("the task belongs to %(value)s"),
    "resource.level": _l("the task’s label is %(value)s"),
    "resource.shared_up_to": _l("the terms between the agencies reach to %(value)s"),
}
_AT_LEAST = {
    "principal.clearance": _l("the clearance is %(value)s or higher"),
    "context.zone": _l("the network is %(value)s or safer"),
    "context.device": _l("the device is %(value)s or safer"),
    "context.factor": _l("the sign-in was with %(value)s or more"),
    "resource.level": _l("the task’s label is %(value)s or higher"),
    "resource.shared_up_to": _l("the terms between the agencies reach to %(value)s or higher"),
}
_AT_MOST = {
    "principal.clearance": _l("the clearance is %(value)s or lower"),
    "context.zone": _l("the network is %(value)s or less safe"),
    "context.device": _l("the device is %(value)s or less safe"),
    "context.factor": _l("the sign-in was with %(value)s or less"),
    "resource.level": _l("the task’s label is %(value)s or lower"),
    "resource.shared_up_to": _l("the terms between the agencies reach to %(value)s or lower"),
}
_HAS = {
    "principal.roles": _l("the person has the role %(value)s"),
    "principal.compartments": _l("the person belongs to the closed group %(value)s"),
    "principal.skills": _l("the person has the skill %(value)s"),
    "resource.compartments": _l("the task belongs to the closed group %(value)s"),
    "resource.skills": _l("the task asks for the skill %(value)s"),
    "resource.audience": _l("the task is meant for %(value)s"),
}
_BEST = {
    "context.device": "managed",
    "context.factor": "multi",
    "context.zone": "office",
    "resource.level": "restricted",
    "principal.clearance": "restricted",
}
"""The highest word of a scale: nothing is above it, so that "or higher" need not be said."""

_REFS = {
    ("is", "principal.agency", "resource.agency"): _l("the person is from the agency of the task"),
    ("is", "principal.person", "resource.owner"): _l("the person owns the campaign"),
    ("at_least", "principal.clearance", "resource.level"): _l("the clearance reaches the task’s label"),
    ("at_least", "resource.shared_up_to", "resource.level"): _l(
        "the terms between the agencies cover the task’s label"
    ),
    ("has", "resource.audience", "principal.agency"): _l("the task is meant for the agency of the person"),
    ("has_all", "principal.compartments", "resource.compartments"): _l(
        "the person belongs to every closed group of the task"
    ),
    ("has_all", "principal.skills", "resource.skills"): _l(
        "the person has every skill that the task asks for"
    ),
}


def condition(expression: Any, names: Names) -> str:
    """An expression (its JSON) as a clause without a full stop: “the network is office or VPN”."""
    if isinstance(expression, bool):
        return gettext("always") if expression else gettext("never")
    ((verb, content),) = expression.items()
    if verb == "not":
        return _negated(content, names)
    if verb in ("all", "any"):
        return _joined(verb, content, names)
    attribute, value = content
    if isinstance(value, dict):
        return _compared(verb, attribute, value["attr"])
    return _asked(verb, attribute, value, names)


def _negated(content: Any, names: Names) -> str:
    match content:
        case {"is": ["principal.agency", str(agency)]}:
            return gettext("the person is not from %(agency)s", agency=names.get(agency, agency))
        case {"is": ["resource.agency", str(agency)]}:
            return gettext("the task does not belong to %(agency)s", agency=names.get(agency, agency))
        case {"is": [str(attribute), bool(value)]}:
            return condition({"is": [attribute, not value]}, names)
    return gettext("it is not so that %(condition)s", condition=_within(content, names))


def _joined(verb: str, parts: Sequence[Any], names: Names) -> str:
    roles = [part["has"][1] for part in parts if isinstance(part, dict) and _is_role(part)]
    if verb == "any" and len(roles) == len(parts) > 1:
        return str(_HAS["principal.roles"]) % {"value": value_of("principal.roles", roles, names)}
    said = [_within(part, names) if len(parts) > 1 else condition(part, names) for part in parts]
    return format_list(said, style="standard" if verb == "all" else "or", locale=formats())


def _is_role(part: Mapping[str, Any]) -> bool:
    content = part.get("has")
    return isinstance(content, list) and content[0] == "principal.roles" and isinstance(content[1], str)


def _within(part: Any, names: Names) -> str:
    """A part of a longer sentence: what is itself a list stands in brackets."""
    said = condition(part, names)
    several = isinstance(part, dict) and any(len(part.get(verb, ())) > 1 for verb in ("all", "any"))
    return f"({said})" if several else said


def _compared(verb: str, attribute: str, other: str) -> str:
    known = _REFS.get((verb, attribute, other))
    if known is not None:
        return str(known)
    return gettext(
        "“%(one)s” fits “%(other)s”",
        one=ATTRIBUTE_NAMES.get(attribute, attribute),
        other=ATTRIBUTE_NAMES.get(other, other),
    )


def _asked(verb: str, attribute: str, value: Any, names: Names) -> str:
    if attribute in _FLAGS:
        yes, no = _FLAGS[attribute]
        return str(yes if value else no)
    if attribute == "context.minutes_since_sign_in":
        return _minutes(verb, value)
    phrase = _phrase(verb, attribute, value)
    return str(phrase) % {"value": value_of(attribute, value, names, every=verb == "has_all")}


def _phrase(verb: str, attribute: str, value: Any) -> Any:
    if verb == "at_least" and _BEST.get(attribute) == value:
        return _IS[attribute]
    tables = {
        "is": _IS,
        "one_of": _IS,
        "at_least": _AT_LEAST,
        "at_most": _AT_MOST,
        "has": _HAS,
        "has_all": _HAS,
    }
    return tables[verb].get(attribute, attribute + ": %(value)s")


def _minutes(verb: str, value: Any) -> str:
    if verb == "one_of":
        shown = format_list([number(each) for each in value], style="or", locale=formats())
        return gettext("the sign-in is %(minutes)s minutes old", minutes=shown)
    if verb == "at_most":
        return ngettext(
            "the sign-in is at most %(num)s minute old", "the sign-in is at most %(num)s minutes old", value
        )
    if verb == "at_least":
        return ngettext(
            "the sign-in is at least %(num)s minute old", "the sign-in is at least %(num)s minutes old", value
        )
    return ngettext("the sign-in is %(num)s minute old", "the sign-in is %(num)s minutes old", value)


def value_of(attribute: str, value: Any, names: Names, *, every: bool = False) -> str:
    """A value in words; several are joined by “or”, or by “and” where every one is meant."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, int):
        return number(value)
    if isinstance(value, str):
        return _word(attribute, value, names)
    words = [_word(attribute, each, names) for each in sorted(value) if isinstance(each, str)]
    if not words:
        return gettext("none")
    return format_list(words, style="standard" if every else "or", locale=formats())


_VALUES: Mapping[str, Mapping[str, Any]] = {
    "zone": ZONES,
    "device": DEVICES,
    "factor": FACTORS,
    "channel": CHANNELS,
    "role": ROLES,
    "level": {**LEVELS, "none": NOTHING_SHARED},
}


def _word(attribute: str, value: str, names: Names) -> str:
    if value == OTHER:
        return _other(ATTRIBUTES[attribute].of)
    known = _VALUES.get(ATTRIBUTES[attribute].of, {}).get(value)
    return str(known) if known is not None else names.get(value, f"“{value}”")


def _other(of: str) -> str:
    words = {
        "agency": gettext("another agency"),
        "compartment": gettext("another group"),
        "skill": gettext("another skill"),
    }
    return words.get(of, gettext("something else"))


def case(given: Mapping[str, Value | None], names: Names) -> str:
    """A case as a clause: “the network is home and the task’s label is Official: restricted”."""
    said = [_fact(attribute, value, names) for attribute, value in sorted(given.items(), key=_order)]
    return format_list(said, locale=formats()) if said else gettext("whatever the circumstances")


def _fact(attribute: str, value: Any, names: Names) -> str:
    if value is None:
        return gettext("%(attribute)s: not known", attribute=ATTRIBUTE_NAMES.get(attribute, attribute))
    if ATTRIBUTES[attribute].kind is Kind.WORDS:
        shown = value_of(attribute, value, names, every=True)
        return f"{ATTRIBUTE_NAMES[attribute]}: {shown}"
    if attribute not in ATTRIBUTE_NAMES:
        return gettext("the person is somebody else than the owner")
    return _asked("is", attribute, value, names)


def _order(pair: tuple[str, Any]) -> int:
    """The task first, then the person, then the circumstances: as one would tell it."""
    known = [name for name in ATTRIBUTES if name.startswith("resource")]
    known += [name for name in ATTRIBUTES if not name.startswith("resource")]
    return known.index(pair[0])


def actions(codes: Sequence[str]) -> str:
    """Actions, joined: “take on and answer”."""
    return format_list([str(SHORT_ACTIONS[code]) for code in codes], locale=formats())


def rule(given: Mapping[str, Any], names: Names) -> str:
    """What a rule asks, in one sentence: “Where the task’s label is Restricted: only if the network is office.”"""
    must, when = condition(given["must"], names), given.get("when", True)
    if when is True:
        return gettext("Only if %(must)s.", must=must)
    return gettext("Where %(when)s: only if %(must)s.", when=condition(when, names), must=must)


def reason(rule: Mapping[str, Any], language: str) -> tuple[str, str]:
    """A rule's reason in the reader's language or in English, and which of the two it is."""
    texts: Mapping[str, str] = rule["reason"]
    return (texts[language], language) if texts.get(language) else (texts["en"], "en")


Title = tuple[Any, Any]

PATTERNS: Mapping[str, Title] = {
    "networks": (
        _l("Only from certain networks"),
        _l("For example: only from the office, or from the office and the VPN."),
    ),
    "devices": (
        _l("Only on certain devices"),
        _l("For example: only on devices that the agency manages."),
    ),
    "fresh-sign-in": (
        _l("Only shortly after signing in with two factors"),
        _l("Who signed in earlier, or more weakly, is asked to sign in again and goes on where they were."),
    ),
    "agencies": (
        _l("Only people of certain agencies"),
        _l("Others do not get in, whatever a campaign’s owner chooses."),
    ),
    "owners": (
        _l("Only tasks of certain agencies"),
        _l("For your own people: whose tasks they may do."),
    ),
    "clearance": (
        _l("Only with a certain clearance"),
        _l("More than the task’s own label asks for."),
    ),
    "group": (
        _l("Only members of a closed group"),
        _l("The security officer decides who belongs to it."),
    ),
    "roles": (_l("Only people with certain roles"), _l("One of the chosen roles is enough.")),
    "no-partners": (
        _l("Not by partners"),
        _l("Partners are people from outside, sponsored for a limited time."),
    ),
    "channels": (
        _l("Only by certain ways in"),
        _l("For example: in the browser, but not by a program."),
    ),
    "expert": (
        _l("Something else"),
        _l("Write the condition yourself, as JSON. For what no form here can say."),
    ),
}
"""What a rule can be about: its title and one line below it."""

FIELDS = {
    "networks": _l("From which networks may it be done?"),
    "devices": _l("On which devices may it be done?"),
    "fresh-sign-in": _l("How many minutes may the sign-in be old at most?"),
    "agencies": _l("Whose people may do it?"),
    "owners": _l("Whose tasks may be done?"),
    "clearance": _l("Which clearance is needed at least?"),
    "group": _l("Which closed group?"),
    "roles": _l("Which roles may do it? One is enough."),
    "channels": _l("By which ways may it be done?"),
}
WHOM = {
    "everybody": (
        _l("Your people and your tasks"),
        _l("Whatever your people do, and whoever does your tasks."),
    ),
    "our_people": (_l("Your own people"), _l("On your tasks and on those of other agencies.")),
    "our_tasks": (_l("Your own tasks"), _l("Done by your people or by guests.")),
    "guests": (_l("Guests"), _l("People of other agencies who do your tasks.")),
}
OPTION_WORDS: Mapping[str, Callable[[str], str]] = {
    "networks": lambda code: str(ZONES[code]),
    "devices": lambda code: (
        gettext("managed by the agency")
        if code == "managed"
        else gettext("enrolled by its owner, or managed by the agency")
    ),
    "clearance": lambda code: str(LEVELS[code]),
    "roles": lambda code: str(ROLES[code]),
    "channels": lambda code: str(CHANNELS[code]),
}
"""How the options of a pattern's field read."""
