"""From codes to sentences, in one table: why a campaign is shown, and what is missing to work on it.

Rules return codes with facts; only here do they become words. A code without a row is shown as a plain sentence
that something is missing, and a test walks the codes that rules can return.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from babel.lists import format_list
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from agencies import directory
from marketplace.foundation.db import reading
from marketplace.web.languages import chosen, formats
from marketplace.web.words import ROLES, ZONES, level, listed, sentence
from security.principal import Factor

Facts = Mapping[str, Any]
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Missing:
    """What a rule asks for (`title`), in one line what would help (`help`), and the refusal page's title (`remedy`)."""

    title: str | Markup
    help: str
    remedy: str


def why(code: str, facts: Facts, labels: Labels) -> Markup | str | None:
    """Why a campaign is in the list; None for a code without words. `labels` names skills by code."""
    row = _WHY.get(code)
    return None if row is None else row(facts, labels)


def missing(code: str, facts: Facts, labels: Labels, remedy: str | None = None) -> Missing:
    """What is missing, and what would help. An agency says its own rules in its own words, and names a `remedy`."""
    if code == AGENCY_RULE:
        return _agency_rule(facts, remedy)
    return _MISSING.get(code, _something)(facts, labels)


def _skills(facts: Facts, labels: Labels) -> list[str]:
    """The skills a rule speaks of, as labels: a list, or codes joined by commas."""
    given = facts.get("skills", facts.get("skill", ()))
    codes = [code.strip() for code in given.split(",")] if isinstance(given, str) else list(given)
    return [labels.get(code, code) for code in codes if code]


def _have_skill(facts: Facts, labels: Labels) -> Markup:
    return sentence(gettext("You have %(skills)s"), skills=listed(_skills(facts, labels)))


def _wants_skill(facts: Facts, labels: Labels) -> Markup:
    return sentence(gettext("You want to learn %(skills)s"), skills=listed(_skills(facts, labels)))


_WHY: dict[str, Callable[[Facts, Labels], Markup | str]] = {
    "have_skill": _have_skill,
    "wants_skill": _wants_skill,
    "waited_longest": lambda _f, _l: gettext("Has waited longest"),
    "nearly_done": lambda _f, _l: gettext("Nearly done"),
    "your_agency": lambda _f, _l: gettext("Work of your own agency"),
    "no_skill_needed": lambda _f, _l: gettext("Needs no special skill"),
}


def _clearance(facts: Facts, _labels: Labels) -> Missing:
    return Missing(
        sentence(gettext("clearance for “%(level)s”"), level=level(str(facts.get("level", "")))),
        gettext("Your security officer can say how clearance is given."),
        gettext("Ask your security officer for clearance"),
    )


def _skill(facts: Facts, labels: Labels) -> Missing:
    names = _skills(facts, labels)
    # The placeholder goes through ngettext as it is; the names are put in as escaped Markup afterwards.
    title = ngettext("the skill %(skills)s", "the skills %(skills)s", max(len(names), 1), skills="%(skills)s")
    return Missing(
        sentence(title, skills=listed(names)),
        gettext("If you have it, say so under “My skills”."),
        gettext("Say under “My skills” that you have the skill, if you do"),
    )


def _agency_audience(_facts: Facts, _labels: Labels) -> Missing:
    return Missing(
        gettext("an agency the owner shares with"),
        gettext("The owner can open the campaign to your agency."),
        gettext("Ask the owner to share it with your agency"),
    )


def _role(facts: Facts, _labels: Labels) -> Missing:
    codes = str(facts.get("role", "")).split(",")
    roles = format_list([str(ROLES.get(code, code)) for code in codes], style="or", locale=formats())
    return Missing(
        gettext("the role %(roles)s", roles=roles),
        gettext("Your agency’s administrator can give it to you."),
        gettext("Ask your administrator for the role %(roles)s", roles=roles),
    )


def _zone(_facts: Facts, _labels: Labels) -> Missing:
    return Missing(
        gettext("a network your agency knows"),
        gettext("It opens from an office of your agency or through its VPN."),
        gettext("Open it from an office"),
    )


def _recent_sign_in(facts: Facts, _labels: Labels) -> Missing:
    limit, alone = int(facts.get("minutes", 15)), facts.get("factor") == Factor.SINGLE
    return Missing(
        gettext("a recent sign-in") if alone else gettext("a recent sign-in with a second factor"),
        ngettext("At most %(num)s minute ago.", "At most %(num)s minutes ago.", limit),
        gettext("Sign in again to go on"),
    )


def _own_campaign(_facts: Facts, _labels: Labels) -> Missing:
    return Missing(
        gettext("a campaign of somebody else"),
        gettext("You posted this one; an answer to your own question would not be independent."),
        gettext("Leave this one to others"),
    )


def _compartment(_facts: Facts, _labels: Labels) -> Missing:
    return Missing(
        gettext("access to a closed group"),
        gettext("Your security officer can say who decides."),
        gettext("Ask to be let into the group"),
    )


def _closed(_facts: Facts, _labels: Labels) -> Missing:
    return Missing(
        gettext("a campaign that is open"),
        gettext("This one has ended. There is other work on the board."),
        gettext("Find other work"),
    )


def _results_of_agency(_facts: Facts, _labels: Labels) -> Missing:
    return Missing(
        gettext("a task owner or appraiser of the campaign’s agency"),
        gettext("Results are read by the agency that asked. The owner can tell you what came out."),
        gettext("Ask the owner for the results"),
    )


def _sharing_terms(_facts: Facts, _labels: Labels) -> Missing:
    return Missing(
        gettext("terms between your agency and the owner’s"),
        gettext("Both agencies’ administrators can sign them."),
        gettext("Ask your administrator for terms with this agency"),
    )


def _need_to_know(_facts: Facts, _labels: Labels) -> Missing:
    return Missing(
        gettext("to be let in by the owner"),
        gettext("The owner lets people in by name, for a time."),
        gettext("Ask the owner to let you in"),
    )


def _agency_rule(facts: Facts, remedy: str | None) -> Missing:
    """The agency's own sentence in the reader's language, and whose rule it is; English stands in where it has none."""
    said = (
        facts.get(f"text_{chosen()}") or facts.get("text_en") or gettext("something that an agency asks for")
    )
    helps, title = REMEDIES.get(remedy or "", REMEDIES["ask_administrator"])
    with reading() as db:
        whose = directory.names(db).get(str(facts.get("agency")))
    source = gettext("This is a rule of %(agency)s.", agency=whose) if whose else ""
    return Missing(str(said), f"{source} {helps}".strip(), str(title))


REMEDIES: Mapping[str, tuple[Any, Any]] = {
    "step_up": (
        _l("It opens after you have signed in again with your second factor."),
        _l("Sign in again with your second factor"),
    ),
    "use_office_network": (_l("It opens from an office of your agency."), _l("Open it from an office")),
    "use_vpn": (_l("It opens from an office or through your agency’s VPN."), _l("Open it through the VPN")),
    "use_managed_device": (
        _l("It opens on a device that your agency looks after."),
        _l("Use a device of your agency"),
    ),
    "use_browser": (_l("It opens in a browser, not for programs."), _l("Open it in your browser")),
    "add_skill": (
        _l("If you have it, say so under “My skills”."),
        _l("Say under “My skills” that you have the skill, if you do"),
    ),
    "ask_owner": (_l("The owner of the campaign can tell you more."), _l("Ask the owner")),
    "ask_administrator": (
        _l("Your agency’s administrator can tell you more."),
        _l("Ask your administrator"),
    ),
    "ask_security_officer": (
        _l("Your security officer can tell you more."),
        _l("Ask your security officer"),
    ),
    "ask_colleague": (_l("Somebody else can do it instead of you."), _l("Ask a colleague")),
    "find_other_work": (_l("There is other work on the board."), _l("Find other work")),
}
"""What would help, by the remedy that an agency's rule names: in a line, and as a title."""


def _roles_named(codes: str) -> str:
    return format_list([str(ROLES.get(code, code)) for code in codes.split(",")], locale=formats())


def _duties(facts: Facts, _labels: Labels) -> Missing:
    both = _roles_named(f"{facts.get('role', '')},{facts.get('with', '')}")
    return Missing(
        gettext("two roles that go together; these do not: %(roles)s", roles=both),
        gettext("One of them watches the other. Give one of them to somebody else."),
        gettext("Choose somebody else for one of the roles"),
    )


def _own_affair(_facts: Facts, _labels: Labels) -> Missing:
    return Missing(
        gettext("somebody else than yourself"),
        gettext("Another administrator or officer of your agency can do it."),
        gettext("Ask a colleague"),
    )


def _organisation(_facts: Facts, _labels: Labels) -> Missing:
    return Missing(
        gettext("a sign-in of the organisation that you were let in from"),
        gettext("An administrator can let you in again by an invitation."),
        gettext("Ask your administrator here, or your new agency, for an invitation"),
    )


def _role_of_marketplace(facts: Facts, _labels: Labels) -> Missing:
    return Missing(
        gettext(
            "a role that stays within an agency; this one does not: %(roles)s",
            roles=_roles_named(str(facts.get("role", ""))),
        ),
        gettext("The operator of the marketplace gives it."),
        gettext("Ask the operator of the marketplace"),
    )


def _partner_role(facts: Facts, _labels: Labels) -> Missing:
    return Missing(
        gettext(
            "a role that a partner can hold; not this one: %(roles)s",
            roles=_roles_named(str(facts.get("role", ""))),
        ),
        gettext("Watching and administering stays with the agency’s own people."),
        gettext("Choose somebody of your agency for this role"),
    )


def _clearance_ceiling(facts: Facts, _labels: Labels) -> Missing:
    return Missing(
        sentence(gettext("at most “%(level)s”"), level=level(str(facts.get("level", "")))),
        gettext(
            "The sign-in that vouches for this person is trusted up to that level. Two administrators can change it."
        ),
        gettext("Choose a lower clearance"),
    )


def _second_person(_facts: Facts, _labels: Labels) -> Missing:
    return Missing(
        gettext("the signature of a second person"),
        gettext("You have signed already; it takes somebody else too."),
        gettext("Ask another administrator to sign"),
    )


def _signing_agency(_facts: Facts, _labels: Labels) -> Missing:
    return Missing(
        gettext("an administrator of another agency"),
        gettext("The signature that is missing is not one of your agency."),
        gettext("Ask the other agency to sign"),
    )


def _signed_by_others(_facts: Facts, _labels: Labels) -> Missing:
    return Missing(
        gettext("somebody who signed for the agency"),
        gettext("Whoever signed for a new agency invites its first administrator."),
        gettext("Ask those who signed"),
    )


def _look_alike(facts: Facts, _labels: Labels) -> Missing:
    said = gettext("something that does not look like the agency %(agency)s, as %(value)s does")
    return Missing(
        sentence(said, agency=str(facts.get("agency", "")), value=str(facts.get("value", ""))),
        gettext("People would mistake one for the other."),
        gettext("Choose a name or address of its own"),
    )


def _one_at_a_time(facts: Facts, _labels: Labels) -> Missing:
    return Missing(
        gettext("one sealed item at a time, on this network: %(zone)s", zone=_network(facts)),
        gettext("Whoever has a sealed item in hand finishes it first."),
        gettext("Submit or give back the item you have"),
    )


def _views(facts: Facts, _labels: Labels) -> Missing:
    most = int(facts.get("most", 1))
    # The placeholder goes through ngettext as it is, as in `_skill`.
    title = ngettext(
        "an item that is opened at most %(num)s time on this network: %(zone)s",
        "an item that is opened at most %(num)s times on this network: %(zone)s",
        most,
        zone=_network(facts),
    )
    helps, remedy = _ELSEWHERE.get(str(facts.get("elsewhere")), _GIVE_BACK)
    return Missing(title, str(helps), str(remedy))


def _export_from_here(facts: Facts, _labels: Labels) -> Missing:
    helps, remedy = _ELSEWHERE.get(str(facts.get("elsewhere")), REMEDIES["ask_administrator"])
    return Missing(
        gettext("another network than this one: %(zone)s", zone=_network(facts)), str(helps), str(remedy)
    )


_ELSEWHERE = {"office": REMEDIES["use_office_network"], "vpn": REMEDIES["use_vpn"]}
_GIVE_BACK = (_l("Somebody else can do it then; nobody is told."), _l("Give it back"))


def _network(facts: Facts) -> str:
    zone = str(facts.get("zone", ""))
    return str(ZONES.get(zone, zone))


def _something(_facts: Facts, _labels: Labels) -> Missing:
    return Missing(
        gettext("something more that the owner asks for"),
        gettext("The owner of the campaign can tell you more."),
        gettext("Ask the owner"),
    )


_MISSING: dict[str, Callable[[Facts, Labels], Missing]] = {
    "look_alike": _look_alike,
    "second_person": _second_person,
    "signed_by_others": _signed_by_others,
    "signing_agency": _signing_agency,
    "clearance": _clearance,
    "skill": _skill,
    "agency_audience": _agency_audience,
    "role": _role,
    "zone": _zone,
    "recent_sign_in": _recent_sign_in,
    "own_campaign": _own_campaign,
    "duties": _duties,
    "organisation": _organisation,
    "own_affair": _own_affair,
    "role_of_marketplace": _role_of_marketplace,
    "partner_role": _partner_role,
    "clearance_ceiling": _clearance_ceiling,
    "compartment": _compartment,
    "closed": _closed,
    "results_of_agency": _results_of_agency,
    "sharing_terms": _sharing_terms,
    "need_to_know": _need_to_know,
    "one_at_a_time": _one_at_a_time,
    "views": _views,
    "export_from_here": _export_from_here,
}

AGENCY_RULE = "agency_rule"

KNOWN, REASONS = frozenset({*_MISSING, AGENCY_RULE}), frozenset(_WHY)
"""Codes that have a sentence of their own: of rules that refuse, and of reasons to show a campaign."""
