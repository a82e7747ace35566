"""Ids, tokens and digests."""

from uuid import uuid1, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.foundation.ids import digest, keyed_digest, new_id, new_token, parse_id

KEY = b"k" * 32


def test_an_id_is_random_and_carries_no_time() -> None:
    assert {new_id().version for _ in range(20)} == {4}


def test_the_canonical_form_is_read() -> None:
    value = uuid4()
    assert parse_id(str(value)) == value


@pytest.mark.parametrize(
    "spelling",
    [str.upper, lambda text: "{" + text + "}", lambda text: text.replace("-", ""), "urn:uuid:{}".format],
)
def test_other_spellings_of_an_id_do_not_exist(spelling: object) -> None:
    assert callable(spelling)
    assert parse_id(spelling(str(uuid1(node=0xABCDEF123456)))) is None


@pytest.mark.parametrize("text", ["", "1", "../../etc", "g" * 36, "\x00"])
def test_what_is_no_id_is_none(text: str) -> None:
    assert parse_id(text) is None


def test_a_token_says_what_it_is_and_differs_each_time() -> None:
    first, second = new_token("mkt_"), new_token("mkt_")
    assert first.startswith("mkt_")
    assert first != second


def test_a_token_holds_256_random_bits() -> None:
    assert len(new_token()) == 43


def test_a_digest_does_not_show_the_token() -> None:
    token = new_token()
    assert token.encode() not in digest(token)
    assert len(digest(token)) == 32


@settings(deadline=None, max_examples=100)
@given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
def test_two_lists_of_parts_never_share_a_digest(one: list[bytes], other: list[bytes]) -> None:
    assert (keyed_digest(KEY, *one) == keyed_digest(KEY, *other)) == (one == other)


def test_a_digest_depends_on_its_key() -> None:
    assert keyed_digest(KEY, b"body") != keyed_digest(b"other" * 8, b"body")
