"""Rule sets that tests share: small builders, one agency's rules that use every question, and random ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from security.access.attributes import ATTRIBUTES, SCALES, Attribute, Kind
from security.access.documents import FORMAT
from security.access.expression import VERBS
from security.access.rule import ACTIONS
from security.access.rules import RuleSet


def a_rule(id_: str = "office-only", **given: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "does": ["claim", "open"],
        "must": {"is": ["context.zone", "office"]},
        "reason": {"en": "Only from the office."},
        "remedy": "use_office_network",
    } | given


def body(*rules: dict[str, Any], agency: str = "north") -> dict[str, Any]:
    return {"format": FORMAT, "agency": agency, "rules": list(rules)}


def rule_set(*rules: dict[str, Any]) -> RuleSet:
    return RuleSet.parse(body(*rules))


OF_AN_AGENCY = rule_set(
    a_rule("office", when={"at_least": ["resource.level", "restricted"]}),
    a_rule(
        "networks",
        must={"one_of": ["context.zone", ["office", "vpn"]]},
        when={"not": {"is": ["resource.level", "public"]}},
    ),
    a_rule(
        "device",
        must={
            "any": [{"at_least": ["context.device", "managed"]}, {"at_most": ["resource.level", "internal"]}]
        },
    ),
    a_rule(
        "fresh",
        must={
            "all": [{"is": ["context.factor", "multi"]}, {"at_most": ["context.minutes_since_sign_in", 15]}]
        },
        when={"at_least": ["resource.level", "sensitive"]},
        remedy="step_up",
    ),
    a_rule(
        "no-partners",
        does=["know"],
        must={"not": {"is": ["principal.partner", True]}},
        when={"at_least": ["resource.level", "internal"]},
    ),
    a_rule("browser", does=["results"], must={"one_of": ["context.channel", ["web"]]}),
)
"""What an agency might sign: networks, devices, a fresh second factor, partners, channels."""

OF_SETS = rule_set(
    a_rule(
        "closed-group",
        must={"has": ["principal.compartments", "borders"]},
        when={"has": ["resource.compartments", "borders"]},
    ),
    a_rule(
        "both-groups",
        must={"has_all": ["principal.compartments", ["borders", "law"]]},
        when={"has_all": ["resource.compartments", ["borders", "law"]]},
    ),
    a_rule("all-groups", must={"has_all": ["principal.compartments", {"attr": "resource.compartments"}]}),
    a_rule(
        "no-foreign-audience",
        must={"not": {"has": ["resource.audience", {"attr": "principal.agency"}]}},
        when={"one_of": ["principal.agency", ["south"]]},
    ),
    a_rule(
        "own-work",
        must={
            "any": [
                {"is": ["principal.agency", {"attr": "resource.agency"}]},
                {"is": ["resource.open_to_all", True]},
            ]
        },
    ),
    a_rule(
        "roles",
        must={
            "any": [
                {"has": ["principal.roles", "appraiser"]},
                {"not": {"has_all": ["principal.roles", ["contributor", "task_owner"]]}},
            ]
        },
    ),
    a_rule("shared", must={"at_most": ["resource.level", {"attr": "resource.shared_up_to"}]}),
)
"""Questions about sets, and between attributes."""

WORDS = ("north", "south")


@st.composite
def tests_of(draw: st.DrawFn) -> dict[str, Any]:
    """One question: of any attribute, in any way that may be asked of it."""
    attribute = draw(st.sampled_from(list(ATTRIBUTES.values())))
    verb = draw(st.sampled_from([verb for verb, kinds in VERBS.items() if attribute.kind in kinds]))
    return {verb: [attribute.name, draw(_against(verb, attribute))]}


def _against(verb: str, attribute: Attribute) -> st.SearchStrategy[Any]:
    others = _comparable(verb, attribute)
    refs = st.sampled_from(others).map(lambda name: {"attr": name})
    if attribute.kind is Kind.ID:
        return refs
    value = _values(attribute)
    constants = st.lists(value, min_size=1, max_size=3) if verb in ("one_of", "has_all") else value
    return constants | refs if others else constants


def _comparable(verb: str, attribute: Attribute) -> list[str]:
    kind = {"has": Kind.WORD, "has_all": Kind.WORDS, "one_of": None}.get(verb, attribute.kind)
    return [other.name for other in ATTRIBUTES.values() if other.kind is kind and other.of == attribute.of]


def _values(attribute: Attribute) -> st.SearchStrategy[Any]:
    if attribute.kind is Kind.FLAG:
        return st.booleans()
    if attribute.kind is Kind.NUMBER:
        return st.integers(0, 30)
    return st.sampled_from(attribute.words or WORDS)


EXPRESSIONS: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | tests_of(),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts})
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts})
        | inner.map(lambda part: {"not": part})
    ),
    max_leaves=4,
)

RULES = st.builds(
    lambda does, when, must: a_rule(does=sorted(does), when=when, must=must),
    st.sets(st.sampled_from(ACTIONS), min_size=1),
    EXPRESSIONS,
    EXPRESSIONS,
)

RULE_SETS = st.lists(RULES, max_size=3).map(
    lambda rules: rule_set(*(rule | {"id": f"r{number}"} for number, rule in enumerate(rules)))
)


def _facts_of(attribute: Attribute) -> st.SearchStrategy[Any]:
    if attribute.kind is Kind.WORDS:
        words: Sequence[str] = attribute.words or WORDS
        known: st.SearchStrategy[Any] = st.frozensets(st.sampled_from(words), max_size=2)
    elif attribute.kind is Kind.ORDERED:
        known = st.sampled_from([word for word in SCALES[attribute.of] if word in attribute.words])
    else:
        known = _values(attribute)
    return st.none() | known


FACTS = st.fixed_dictionaries({name: _facts_of(attribute) for name, attribute in ATTRIBUTES.items()})
"""Any facts, any of them unknown."""
