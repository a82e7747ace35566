"""What `docs/sealing.md` says about the code is so: another program is written from that page alone."""

from pathlib import Path

import pytest

from marketplace.foundation.errors import every_subclass
from security.sealing import Protection, Purpose, SealingError, SlotPurpose, device_slots, errors, signatures
from security.sealing.recovery import Suite
from tests.vectors import make_sealing

PAGE = (Path(__file__).parents[3] / "docs" / "sealing.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("error", every_subclass(SealingError)[1:])
def test_every_refusal_is_on_the_page_and_in_the_tree(error: type[SealingError]) -> None:
    assert f"| `{error.__name__}` |" in PAGE
    assert error.__name__ in str(errors.__doc__)


@pytest.mark.parametrize("word", [*Purpose, *Protection, *SlotPurpose])
def test_every_word_of_the_format_is_on_the_page(word: str) -> None:
    assert f"`{word}`" in PAGE


def test_constants_are_on_the_page() -> None:
    assert f"`{device_slots.AGREEMENT}`" in PAGE
    assert f"`{device_slots.ENCRYPTION}`" in PAGE
    assert f'"{signatures.CONTEXT.decode()}"' in PAGE
    for suite in Suite:
        assert f"| `0x{suite:02x}` |" in PAGE


def test_every_refusal_has_a_vector() -> None:
    """But for those that need a faulty writer, 256 TiB, a longer envelope or an offline key: they have tests here."""
    vectors = make_sealing.made()
    shown = {
        each["error"] for kind, several in vectors.items() if kind.startswith("refused") for each in several
    }
    every = {error.__name__ for error in every_subclass(SealingError)[1:]}
    assert every - shown == {"TrailingData", "PayloadTooLarge"}
