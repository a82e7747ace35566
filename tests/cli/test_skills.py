"""`marketplace skills`: an operator brings lists in; people say what they can and want, and others confirm it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from agencies.keys import KeyringFile, bound
from agencies.models import Skill
from security.principal import Role
from tests.application import token_of
from tests.builders import a_person, found, some_skills
from tests.cli.conftest import Terminal
from tests.cli.test_job import Operator

HEAD = "skill_id,label_en,label_de,label_nl,label_fr"
LIST = f"{HEAD}\nlaw,Law,Recht,Recht,Droit\nmaths,Maths,,,\n"


@pytest.fixture
def operator(database: Engine, keys: KeyringFile, tmp_path: Path) -> Iterator[Operator]:
    """An operator's terminal beside the marketplace's database; this process's keys again afterwards."""
    environment = {
        "MARKET_HOME": str(tmp_path / "home"),
        "MARKET_DEMO": "1",
        "MARKET_DATABASE_URL": database.url.render_as_string(hide_password=False),
        "MARKET_REDIS_URL": f"unix://{tmp_path}/no-valkey.sock",
        "MARKET_SECRET_KEY": "0123456789abcdef" * 4,
        "MARKET_KEYRING": str(tmp_path / "keys" / "keyring.json"),
    }
    yield Operator(tmp_path, environment, database)
    bound.bind(keys)


def typed(served: Terminal, token: str, *words: object) -> str:
    result = served.type("skills", *[str(word) for word in words], token=token)
    assert result.exit_code == 0, result.output
    return result.output


def codes() -> set[str]:
    return {row.code for row in found(select(Skill.code))}


def test_lists_are_brought_in_and_brought_up_to_date(operator: Operator) -> None:
    first, second = operator.write("first.csv", LIST), operator.write("second.csv", f"{HEAD}\nart,Art,,,\n")
    done = operator.type("skills", "import", first, second)
    assert done.exit_code == 0, done.output
    assert [line.split() for line in done.output.splitlines()[1:]] == [
        ["first", "2", "2", "0", "0", "0"],
        ["second", "1", "1", "0", "0", "0"],
    ]
    newer = operator.write("newer.csv", f"{HEAD}\nlaw,The law,,,\n")
    again = operator.type("skills", "import", newer, "--list", "first", "--json")
    assert json.loads(again.output) == [
        {"list": "first", "skills": 1, "added": 0, "changed": 1, "retired": 1, "offered_again": 0}
    ]
    assert codes() == {"law", "maths", "art"}


def test_a_bad_file_is_refused_with_its_lines_and_nothing_is_half_done(operator: Operator) -> None:
    good = operator.write("good.csv", LIST)
    bad = operator.write("bad.csv", f"{HEAD}\nart,=1+1,,,\nx y,X,,,\n")
    refused = operator.type("skills", "import", good, bad)
    assert refused.exit_code == 1
    assert "bad.csv, line 2: label_en begins like a formula of a spreadsheet." in refused.output
    assert "bad.csv, line 3: skill_id must be" in refused.output
    assert "Nothing was imported" in refused.output
    assert codes() == set()


def test_a_code_of_another_list_is_refused(operator: Operator) -> None:
    operator.type("skills", "import", operator.write("first.csv", LIST))
    refused = operator.type("skills", "import", operator.write("other.csv", f"{HEAD}\nlaw,Mine,,,\n"))
    assert (refused.exit_code, "belong to the list first" in refused.output) == (1, True)


def test_one_name_is_for_one_list(operator: Operator) -> None:
    file = operator.write("first.csv", LIST)
    assert operator.type("skills", "import", file, file).exit_code == 2
    assert operator.type("skills", "import", file, file, "--list", "x").exit_code == 2


def test_people_say_what_they_can_and_want_and_others_confirm_it(served: Terminal) -> None:
    some_skills(["law", "maths"])
    maja = a_person("north", name="Maja")
    mine, greta = token_of(maja), token_of(a_person("north", roles=(Role.AGENCY_ADMIN,), name="Greta"))
    assert "law" in typed(served, mine, "find", "la")
    assert "You have said of no skill" in typed(served, mine, "list")
    assert "independent" in typed(served, mine, "add", "law", "--level", "independent")
    assert "You want to learn: maths (maths)" in typed(served, mine, "want", "maths")
    assert "Greta (North)" in typed(served, greta, "confirm", maja.membership_id, "law")
    assert "Greta (North)" in typed(served, mine, "list")
    assert "Greta" not in typed(served, greta, "confirm", maja.membership_id, "law", "--take-back")
    assert "law" in typed(served, greta, "of", maja.membership_id)
    assert "You want to learn nothing" in typed(served, mine, "want", "maths", "--no-more")
    assert json.loads(typed(served, mine, "remove", "law", "--json")) == {"has": [], "wants": []}


def test_a_refusal_is_a_sentence(served: Terminal) -> None:
    refused = served.type("skills", "add", "unheard-of", token=token_of(a_person("north")))
    assert (refused.exit_code, "There is no such skill" in refused.output) == (1, True)
