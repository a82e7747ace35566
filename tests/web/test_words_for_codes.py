"""Every code that the domain can return has words on the pages."""

from __future__ import annotations

import inspect
import re

from flask import Flask
from flask_babel import force_locale

from agencies import errors as agencies_errors
from marketplace.edge import refusals
from marketplace.edge.problems import _HTTP, PROBLEMS
from marketplace.foundation import jobs
from marketplace.foundation.errors import NotFound, Refused, every_subclass
from marketplace.web import names, problem_words, question_words, reasons, words
from security.access.baseline import BASELINE
from security.labels import Level
from security.log.acts import ACTS
from security.principal import Role, Zone
from tasks import board
from tasks import errors as tasks_errors
from tasks.questions import KINDS
from tasks.questions.deciding import RULES
from tests.questions import a_checked
from tests.web.stage import Stage


def test_acts_purposes_zones_roles_levels_jobs_and_rules_have_words() -> None:
    assert set(ACTS) == set(names.ACTS)
    assert {act.purpose for act in ACTS.values()} - {None} <= set(names.PURPOSES)
    assert {zone.value for zone in Zone} == set(words.ZONES)
    assert {role.value for role in Role} == set(words.ROLES)
    assert {level.label_key for level in Level} == set(words.LEVELS)
    assert set(jobs.KINDS) == set(names.JOBS)
    assert set(names.RULES) == RULES


def test_every_rule_that_can_refuse_has_a_sentence() -> None:
    codes = {rule.code for rule in BASELINE.rules} | {"agency_rule"}
    assert codes <= reasons.KNOWN


def test_every_refusal_on_the_record_has_words() -> None:
    assert set(names.REFUSALS) >= reasons.KNOWN
    defined = [*vars(tasks_errors).values(), *vars(agencies_errors).values()]
    recorded = {
        kind.__name__
        for kind in defined
        if isinstance(kind, type)
        and issubclass(kind, (NotFound, Refused))
        and kind not in (NotFound, Refused)
    }
    recorded |= {
        kind.__name__ for kind in (*refusals.SEALING, *refusals.BROKEN) for kind in every_subclass(kind)
    }
    # Somebody who is not signed in is shown the way; the other two come with the rules that failed.
    without = {"NotSignedIn", "NotEligible", "NotForYou"}
    assert [name for name in sorted(recorded - without) if not names.refusal([], name)] == []


def test_every_reason_to_show_a_campaign_has_a_sentence() -> None:
    codes = set(re.findall(r'"code": "(\w+)"', inspect.getsource(board)))
    assert codes
    assert codes <= set(reasons.REASONS)


def test_every_problem_has_a_page() -> None:
    slugs = {row.slug for row in PROBLEMS.values()} | {f"http-{status}" for status in _HTTP}
    assert slugs - set(problem_words.WORDS) <= {"http-415"}
    assert {"internal", "form-expired"} <= set(problem_words.WORDS)


def test_an_unknown_code_still_says_what_to_do(stage: Stage) -> None:
    with _speaking(stage.app, "en"):
        found = reasons.missing("a_rule_of_tomorrow", {}, {})
    assert found.remedy == "Ask the owner"


def test_a_rule_of_an_agency_says_whose_it_is_and_what_would_help(stage: Stage) -> None:
    facts = {"agency": "civil-aviation", "rule": "office", "text_en": "Only in the office."}
    with _speaking(stage.app, "en"):
        found = reasons.missing("agency_rule", facts, {}, "use_office_network")
    assert found.title == "Only in the office."
    assert found.help.startswith("This is a rule of Civil Aviation Office. It opens")


def test_names_in_a_sentence_are_escaped(stage: Stage) -> None:
    with _speaking(stage.app, "de"):
        found = reasons.missing(
            "skill", {"skills": "<b>, plain-language"}, {"plain-language": "Leichte Sprache"}
        )
    assert str(found.title) == "die Fähigkeiten <b>&lt;b&gt;</b> und <b>Leichte Sprache</b>"


class _speaking:  # noqa: N801 - reads as a word of the test
    """A request in one language."""

    def __init__(self, app: Flask, code: str) -> None:
        self.request = app.test_request_context()
        self.locale = force_locale(code)

    def __enter__(self) -> None:
        self.request.__enter__()
        self.locale.__enter__()

    def __exit__(self, *error: object) -> None:
        self.locale.__exit__(*error)
        self.request.__exit__(*error)  # type: ignore[arg-type]


def test_every_fault_of_every_kind_of_question_has_a_sentence_of_its_own(stage: Stage) -> None:
    with stage.app.test_request_context(), force_locale("en"):
        unknown = question_words.fault({}, "no such fault")
        for kind in KINDS:
            question = a_checked(kind)
            said = [question_words.fault(question, fault) for fault in KINDS[kind].faults]
            assert unknown not in said
            assert all(sentence.endswith(".") for sentence in said)
