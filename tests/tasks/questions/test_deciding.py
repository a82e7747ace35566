"""How several answers to a form are decided, kind by kind and together."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.consensus import Answer, Inference, NothingToInfer
from tasks.questions import KINDS, kind_of
from tasks.questions.deciding import EACH, RULES, decide
from tests.questions import ANSWERS, FITTING, a_checked, a_form_of, a_question, checked_form

unhurried = settings(deadline=None, max_examples=60)


def answers(*values: Any) -> list[Answer]:
    return [Answer(UUID(int=number), value) for number, value in enumerate(values)]


def inferred(kind: str, *values: Any, **given: Any) -> Inference:
    return decide([a_checked(kind, **given)], answers(*({kind: value} for value in values)))


def of(kind: str, *values: Any, **given: Any) -> Any:
    return inferred(kind, *values, **given).value[kind]


class TestEachKind:
    @pytest.mark.parametrize("kind", KINDS)
    @unhurried
    @given(data=st.data())
    def test_one_answer_is_its_own_result(self, kind: str, data: st.DataObject) -> None:
        value = data.draw(FITTING[kind])
        made = inferred(kind, value)
        question = a_checked(kind)
        assert made.value == {kind: kind_of(question).check(question, value)}
        assert (made.agreeing, made.answers, made.tied) == (1, 1, False)

    @pytest.mark.parametrize("kind", KINDS)
    @unhurried
    @given(data=st.data(), chance=st.randoms(use_true_random=False))
    def test_the_order_of_the_answers_does_not_matter(
        self, kind: str, data: st.DataObject, chance: Any
    ) -> None:
        given_answers = answers(
            *({kind: value} for value in data.draw(st.lists(FITTING[kind], min_size=1, max_size=6)))
        )
        shuffled = list(given_answers)
        chance.shuffle(shuffled)
        assert decide([a_checked(kind)], shuffled) == decide([a_checked(kind)], given_answers)

    @pytest.mark.parametrize("kind", KINDS)
    @unhurried
    @given(data=st.data())
    def test_at_least_one_agrees_and_never_more_than_there_are(self, kind: str, data: st.DataObject) -> None:
        values = data.draw(st.lists(FITTING[kind], min_size=1, max_size=6))
        made = inferred(kind, *values)
        assert 1 <= made.agreeing <= made.answers == len(values)
        assert made.rule in RULES
        assert sorted(made.trace) == [UUID(int=number) for number in range(len(values))]

    @pytest.mark.parametrize("kind", KINDS)
    @unhurried
    @given(data=st.data())
    def test_when_all_say_the_same_all_agree_and_nothing_is_tied(
        self, kind: str, data: st.DataObject
    ) -> None:
        value = data.draw(FITTING[kind])
        made = inferred(kind, value, value, value)
        assert (made.agreeing, made.tied) == (3, False)

    @pytest.mark.parametrize("kind", KINDS)
    def test_an_answer_that_does_not_fit_leaves_the_item_undecided(self, kind: str) -> None:
        for unfit in ({kind: 17}, {}, {kind: None}, "no object", None, []):
            with pytest.raises(NothingToInfer):
                decide([a_checked(kind)], answers({kind: ANSWERS[kind]}, unfit))


def test_yes_and_no_are_tied_aloud_and_cannot_tell_loses() -> None:
    assert (of("yes_no", "no", "cannot_tell"), inferred("yes_no", "yes", "no").tied) == ("no", True)


def test_a_comparison_that_is_tied_goes_to_the_same_where_somebody_said_so() -> None:
    assert of("pairwise", "first", "same") == "same"
    assert of("pairwise", "second", "first") == "first"
    assert of("pairwise", "second", "second", "same") == "second"


def test_of_several_each_option_needs_more_than_half() -> None:
    made = inferred("several", ["north", "west"], ["north"], ["south"])
    assert (made.value["several"], made.agreeing, made.tied) == (["north"], 2, False)
    half = inferred("several", ["north"], ["south"])
    assert (half.value["several"], half.agreeing, half.tied) == ([], 1, True)


def test_the_middle_number_counts_and_the_smaller_of_two() -> None:
    made = inferred("number", "7", "900", "8", "8.00", "6")
    assert (made.value["number"], made.agreeing, made.tied) == ("8", 2, False)
    two = inferred("number", "10", "9.5")
    assert (two.value["number"], two.agreeing, two.tied) == ("9.5", 1, True)


def test_the_middle_day_counts() -> None:
    assert of("date", "2026-12-01", "2021-01-01", "2026-11-30") == "2026-11-30"


def test_texts_are_alike_whatever_their_capitals_and_spaces() -> None:
    made = inferred("text", "A  gull", "a gull", "A gull", "A crow")
    assert (made.value["text"], made.agreeing, made.tied) == ("A gull", 3, False)


def test_of_different_texts_the_first_by_unicode_counts_and_it_is_said() -> None:
    made = inferred("long_text", "crow", "Albatross")
    assert (made.value["long_text"], made.agreeing, made.tied) == ("Albatross", 1, True)


def test_rankings_are_decided_by_their_points() -> None:
    made = inferred(
        "ranking", ["west", "north", "south"], ["west", "south", "north"], ["north", "west", "south"]
    )
    assert (made.value["ranking"], made.agreeing, made.tied) == (["west", "north", "south"], 2, False)


def test_as_many_points_go_by_the_order_of_the_form() -> None:
    made = inferred("ranking", ["west", "south", "north"], ["north", "south", "west"])
    assert (made.value["ranking"], made.agreeing, made.tied) == (["north", "south", "west"], 1, True)


class TestSeveralQuestions:
    questions = checked_form(
        a_form_of(a_question("choice"), a_question("number"), a_question("text", required=False))
    )["questions"]

    def test_each_is_decided_by_itself_and_agreeing_is_the_least(self) -> None:
        made = decide(
            self.questions,
            answers(
                {"choice": "north", "number": "1", "text": "Yes"},
                {"choice": "north", "number": "2", "note": "unsure"},
                {"choice": "south", "number": "2"},
            ),
        )
        assert made.value == {"choice": "north", "number": "2", "text": "Yes"}
        assert (made.agreeing, made.answers, made.tied, made.rule) == (1, 3, False, EACH)

    def test_what_nobody_answered_has_no_value(self) -> None:
        made = decide(
            self.questions, answers({"choice": "north", "number": "1"}, {"choice": "north", "number": "1"})
        )
        assert (made.value, made.agreeing) == ({"choice": "north", "number": "1"}, 2)

    def test_one_that_is_tied_is_told(self) -> None:
        assert decide(
            self.questions, answers({"choice": "north", "number": "1"}, {"choice": "south", "number": "1"})
        ).tied

    def test_no_answers_amount_to_nothing(self) -> None:
        with pytest.raises(NothingToInfer):
            decide(self.questions, [])
