"""Large content through a file, as `./run drill sealing` does with two gigabytes."""

import itertools
from pathlib import Path

import pytest

from security.sealing import errors, new_dek, seal_stream, unseal_stream
from tests.drills import sealing


def test_content_streams_through_a_file_in_constant_memory(tmp_path: Path) -> None:
    counts = sealing.streamed(64 << 20, tmp_path)
    assert counts.ok, counts
    assert counts.refused == 4


def test_memory_is_the_same_for_four_times_as_much(tmp_path: Path) -> None:
    small, large = sealing.streamed(16 << 20, tmp_path), sealing.streamed(64 << 20, tmp_path)
    assert large.traced_bytes < small.traced_bytes + (1 << 20)


def test_an_endless_stream_is_read_no_further_than_it_is_asked_for() -> None:
    taken = itertools.count()
    pieces = (bytes(1 << 16) for _ in taken)
    sealed = seal_stream(sealing.HEADER, pieces, new_dek())
    for _ in range(10):
        next(sealed)
    assert next(taken) < 15


def test_what_came_out_before_an_error_is_authentic_and_the_rest_never_comes() -> None:
    """A stream gives out a chunk when it is authentic; only its end says that the whole is."""
    dek = new_dek()
    sealed = b"".join(seal_stream(sealing.HEADER, [b"a" * (1 << 16), b"b" * (1 << 16), b"c"], dek))
    changed = bytearray(sealed)
    changed[-1] ^= 1
    opened = unseal_stream(sealing.HEADER, [bytes(changed)], dek)
    assert [next(opened), next(opened)] == [b"a" * (1 << 16), b"b" * (1 << 16)]
    with pytest.raises(errors.ChunkRefused):
        next(opened)
    assert list(opened) == []
