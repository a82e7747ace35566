"""question-checks.js says of every answer what the server says: what is sealed end to end, it alone checks."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.setup import node
from marketplace.web import assets, question_words
from tasks.errors import BadAnswer
from tasks.form import checked
from tasks.questions import KINDS
from tests.questions import ANSWERS, FITTING, UNFIT, a_checked, a_form_of
from tests.web.stage import Stage

unhurried = settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TRIED = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(
        ["", "yes", "north", "-0", "00012.50", "1e5", ".5", "٣", "999999999999999.999999", "0000-01-01"]
    )
    | st.sampled_from(
        ["2024-02-30", "2100-02-29", "2000-02-29", "2024-2-1", "\ufeff", "\x1f a \x85", "a\r\nb\rc"]
    )
    | st.text(st.characters(max_codepoint=0x2FFF), max_size=45)
    | st.lists(st.sampled_from(["north", "south", "west", "east", ""]), max_size=4)
    | st.dictionaries(st.sampled_from(["north", "south"]), st.sampled_from(["1", "2"]), max_size=2)
)


@pytest.fixture(scope="module")
def on_device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """What the script says of a value of a question."""
    script = tmp_path_factory.mktemp("checks") / "question-checks.mjs"
    script.write_bytes(assets.load()["question-checks.js"].body)
    with subprocess.Popen(
        [node.binary(), Path(__file__).parent / "question_checks_node.mjs", script.as_uri()],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
    ) as process:  # fmt: skip
        stdin, stdout = process.stdin, process.stdout
        assert stdin
        assert stdout

        def ask(question: dict[str, Any], given: dict[str, Any]) -> Any:
            stdin.write(json.dumps({"question": question, "given": given}) + "\n")
            stdin.flush()
            return json.loads(stdout.readline())

        yield ask
        stdin.close()


def on_server(question: dict[str, Any], given: dict[str, Any]) -> Any:
    try:
        return {"answer": checked({"questions": [question], "note": True}, given), "faults": {}}
    except BadAnswer as error:
        return {"answer": {}, "faults": error.facts["codes"]}


def in_scripts(stage: Stage, question: dict[str, Any]) -> dict[str, Any]:
    """The question as the work page hands it to its scripts."""
    with stage.app.test_request_context():
        shown = question_words.shown(a_form_of(), question)
    found: dict[str, Any] = json.loads(json.dumps(shown["in_scripts"], default=str))
    return found


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_both_say_the_same(stage: Stage, on_device: Callable[..., Any], kind: str, required: bool) -> None:
    question = a_checked(kind) | {"required": required}
    asked = in_scripts(stage, question)

    @unhurried
    @given(FITTING[kind] | st.sampled_from([ANSWERS[kind], *UNFIT[kind].values()]) | TRIED)
    def same(value: Any) -> None:
        given_answer = {} if value is None else {kind: value}
        assert on_device(asked, given_answer) == on_server(question, given_answer)

    same()


def test_numbers_are_compared_by_all_their_digits(stage: Stage, on_device: Callable[..., Any]) -> None:
    question = a_checked("number", min="0.000001", max="900719925474099.000001", decimals=6)
    asked = in_scripts(stage, question)
    for value in ("0.000001", "0.0000009", "900719925474099.000001", "900719925474099.000002", "-0.000001"):
        assert on_device(asked, {"number": value}) == on_server(question, {"number": value})
