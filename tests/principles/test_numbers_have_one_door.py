"""Promise 5: statistics about people only for k or more, safe against differencing, through one door."""

from __future__ import annotations

import re
from pathlib import Path

from agencies.numbers.questions import QUESTIONS
from deploy import granting
from tasks.numbers import ANSWERS

ROOT = Path(__file__).parents[2]
ROOMS = ("agencies", "tasks", "security", "marketplace", "workers")
COUNTING = re.compile(r"func\.(count|sum|avg|min|max|percentile\w*|stddev\w*)\(")

THE_DOOR = {"tasks/numbers.py"}
"""The only place whose counts of people anybody sees; what it counts passes through the register."""

OF_OTHER_THINGS = {
    "agencies/held_forms.py": "one's own forms that wait",
    "agencies/kept_secrets.py": "secrets of sign-in services and of signing that hang on a key",
    "agencies/notices.py": "one's own new notices",
    "agencies/oversight/alerts/nearness.py": "whether somebody opened so much that a rule has to look; kept nowhere",
    "agencies/memberships.py": "whether an administrator is left; shown to nobody",
    "agencies/rules/reading.py": "the newest version of the rules",
    "agencies/scim/groups.py": "how long a list is that the directory itself wrote",
    "agencies/scim/people.py": "how long a list is that the directory itself wrote",
    "agencies/oversight/last_used.py": "the month in which a role or clearance was last used, for the access review",
    "security/log/scoping.py": "entries that an incident touches and things that were viewed, never per person",
    "security/log/summing.py": "entries of a quarter by what they are, never by who acted",
    "security/log/checkpoints.py": "witnesses of a checkpoint, which are machines",
    "security/log/queries.py": "entries of the record over time, for the officer who reads these very entries",
    "tasks/queries.py": "items of a campaign",
    "tasks/results.py": "results of a campaign",
    "tasks/sealed_results.py": "settled and undecided items of a campaign",
    "tasks/shredding.py": "shredded items of a campaign",
    "tasks/rewrapping.py": "sealed payloads that hang on a key",
    "marketplace/edge/health.py": "lags of jobs and of the record",
    "marketplace/web/operation.py": "jobs",
}
"""Counts that tell nothing about people, or nothing to anybody. A new one is a decision: it is made here, in sight."""


def test_people_are_counted_in_one_place_only() -> None:
    counting = {
        str(file.relative_to(ROOT))
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        if COUNTING.search(file.read_text(encoding="utf-8"))
    }
    assert counting == set(OF_OTHER_THINGS) | THE_DOOR


def test_every_count_that_is_kept_answers_a_question_of_the_register() -> None:
    assert set(ANSWERS) == {code for code, question in QUESTIONS.items() if question.kept}


def test_only_the_register_touches_the_counts() -> None:
    touching = {
        str(file.relative_to(ROOT))
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        if re.search(r"\bNumberCell\b|number_cell", file.read_text(encoding="utf-8"))
    }
    assert touching == {"agencies/numbers/models.py", "agencies/numbers/register.py"}


def test_the_database_keeps_the_counts_from_the_pages() -> None:
    assert granting.LESS["number_cell"] == ()
