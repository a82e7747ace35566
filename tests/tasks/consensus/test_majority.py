"""Plain majority: what it infers, how it breaks ties, what it does not depend on."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.consensus import Answer, NothingToInfer, majority

OPTIONS = ["bird", "bat", "unclear"]
CANNOT_TELL = "unclear"


def answers(*values: str) -> list[Answer]:
    return [Answer(UUID(int=number), value) for number, value in enumerate(values)]


many = st.lists(st.sampled_from(OPTIONS), min_size=1, max_size=9).map(lambda values: answers(*values))
unhurried = settings(deadline=None, max_examples=150)


class TestMajority:
    def test_the_value_that_most_chose_wins(self) -> None:
        assert majority(answers("bat", "bird", "bat"), OPTIONS).value == "bat"

    def test_says_how_many_agree_of_how_many(self) -> None:
        inferred = majority(answers("bat", "bird", "bat"), OPTIONS)
        assert (inferred.agreeing, inferred.answers, inferred.tied) == (2, 3, False)

    def test_one_answer_is_enough(self) -> None:
        assert majority(answers("bat"), OPTIONS).value == "bat"

    def test_makes_no_claim_about_being_right(self) -> None:
        assert majority(answers("bat"), OPTIONS).confidence is None

    def test_names_its_rule(self) -> None:
        assert majority(answers("bat"), OPTIONS).rule == "majority-1"


class TestTies:
    def test_go_to_the_option_that_the_form_lists_first(self) -> None:
        assert majority(answers("bat", "bird"), OPTIONS).value == "bird"

    def test_follow_another_order_of_the_form(self) -> None:
        assert majority(answers("bat", "bird"), ["bat", "bird"]).value == "bat"

    def test_are_said_aloud(self) -> None:
        assert majority(answers("bat", "bird"), OPTIONS).tied

    def test_are_lost_by_cannot_tell_even_where_it_is_listed_first(self) -> None:
        listed_first = ["unclear", "bird", "bat"]
        assert majority(answers("unclear", "bat"), listed_first, CANNOT_TELL).value == "bat"

    def test_cannot_tell_wins_only_with_more_than_everybody_else(self) -> None:
        assert majority(answers("unclear", "unclear", "bat"), OPTIONS, CANNOT_TELL).value == "unclear"


class TestRefusals:
    def test_no_answers(self) -> None:
        with pytest.raises(NothingToInfer):
            majority([], OPTIONS)

    def test_an_answer_that_is_none_of_the_options(self) -> None:
        with pytest.raises(NothingToInfer):
            majority(answers("whale", "bird"), OPTIONS)


@unhurried
@given(many, st.randoms(use_true_random=False))
def test_the_order_of_the_answers_does_not_matter(given_answers: Sequence[Answer], chance: object) -> None:
    shuffled = list(given_answers)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert majority(shuffled, OPTIONS, CANNOT_TELL) == majority(given_answers, OPTIONS, CANNOT_TELL)


@unhurried
@given(many)
def test_nobody_has_more_votes_than_the_winner(given_answers: Sequence[Answer]) -> None:
    inferred = majority(given_answers, OPTIONS, CANNOT_TELL)
    votes = [answer.value for answer in given_answers]
    assert inferred.agreeing == votes.count(inferred.value) == max(map(votes.count, OPTIONS))


@unhurried
@given(many)
def test_cannot_tell_loses_every_tie(given_answers: Sequence[Answer]) -> None:
    inferred = majority(given_answers, OPTIONS, CANNOT_TELL)
    assert not (inferred.tied and inferred.value == CANNOT_TELL)


@unhurried
@given(many)
def test_the_trace_names_every_contribution_once(given_answers: Sequence[Answer]) -> None:
    inferred = majority(given_answers, OPTIONS, CANNOT_TELL)
    assert sorted(inferred.trace) == sorted(answer.contribution for answer in given_answers)
