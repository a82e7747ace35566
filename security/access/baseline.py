"""The marketplace's own rules, in the language of agencies' rules. They hold for everybody; agencies only add to them.

Their codes have words in every language on the pages; the sentences here are for whoever reads the rules themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from security.access.documents import FORMAT
from security.access.rules import RuleSet

MARKETPLACE = "marketplace"


def _rule(
    id_: str, code: str, does: Sequence[str], must: Any, remedy: str, said: str, when: Any = True
) -> dict[str, Any]:
    return {
        "id": id_, "code": code, "does": list(does), "when": when, "must": must, "remedy": remedy,
        "reason": {"en": said},
    }  # fmt: skip


_WORK = ("claim", "open")
_OWN_AGENCY = {"is": ["principal.agency", {"attr": "resource.agency"}]}
_IN_AUDIENCE = {
    "any": [
        {"is": ["resource.open_to_all", True]},
        {"has": ["resource.audience", {"attr": "principal.agency"}]},
    ]
}
_OWNER = {"is": ["principal.person", {"attr": "resource.owner"}]}
_READER = {
    "any": [{"has": ["principal.roles", "task_owner"]}, {"has": ["principal.roles", "appraiser"]}],
}

RULES: list[dict[str, Any]] = [
    _rule(
        "open", "closed", ["claim"], {"is": ["resource.open", True]}, "find_other_work",
        "Work is taken from campaigns that are open.",
    ),
    _rule(
        "contributor", "role", _WORK, {"has": ["principal.roles", "contributor"]}, "ask_administrator",
        "Contributors do microtasks.",
    ),
    _rule(
        "clearance", "clearance", ["know"],
        {"at_least": ["principal.clearance", {"attr": "resource.level"}]}, "ask_security_officer",
        "A clearance reaches at least as far as the label.",
    ),
    _rule(
        "compartment", "compartment", ["know"],
        {"has_all": ["principal.compartments", {"attr": "resource.compartments"}]}, "ask_security_officer",
        "A clearance covers every compartment.",
    ),
    _rule(
        "audience", "agency_audience", ["know"], {"any": [*_IN_AUDIENCE["any"], _OWN_AGENCY]}, "ask_owner",
        "The owner chooses the agencies whose people may take part.",
    ),
    _rule(
        "audience-at-home", "agency_audience", _WORK, _IN_AUDIENCE, "ask_owner",
        "Work for other agencies only is not done by the owner's own agency.", when=_OWN_AGENCY,
    ),
    _rule(
        "sharing-terms", "sharing_terms", ["know"],
        {"at_least": ["resource.shared_up_to", {"attr": "resource.level"}]}, "ask_administrator",
        "Between agencies, terms that both signed cover the label.",
    ),
    _rule(
        "need-to-know", "need_to_know", ["know"],
        {"any": [{"is": ["resource.need_to_know", False]}, {"is": ["resource.granted", True]}, _OWNER]},
        "ask_owner", "Work under need-to-know is for those who were let in, while it lasts.",
    ),
    _rule(
        "skills", "skill", _WORK,
        {"has_all": ["principal.skills", {"attr": "resource.skills"}]}, "add_skill",
        "Whoever does the work has the skills it asks for.",
    ),
    _rule(
        "not-ones-own", "own_campaign", _WORK, {"not": _OWNER}, "find_other_work",
        "An answer to one's own question is no independent answer.",
    ),
    _rule(
        "results", "results_of_agency", ["results"], {"all": [_OWN_AGENCY, _READER]}, "ask_owner",
        "Task owners and appraisers of the campaign's agency read its results.",
    ),
    _rule(
        "export", "role", ["export"], {"has": ["principal.roles", "task_owner"]}, "ask_owner",
        "Task owners export results.",
    ),
]  # fmt: skip

BASELINE = RuleSet.parse({"format": FORMAT, "agency": MARKETPLACE, "rules": RULES}, own_codes=True)
