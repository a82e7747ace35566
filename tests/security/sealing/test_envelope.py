"""The envelope: what was sealed comes back, and anything else stays closed with an error of its own."""

import dataclasses
import itertools
import tracemalloc
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security.labels import Level
from security.sealing import (
    Header,
    Protection,
    Purpose,
    SealingError,
    envelope,
    errors,
    new_dek,
    seal,
    seal_stream,
    sizes,
    unseal,
    unseal_stream,
)

DEK = bytes(range(32))
TASK = Header(
    purpose=Purpose.TASK, microtask=UUID("7b1c0a52-0d6e-4a51-9d3e-0a4f6f3b9c11"), agency="harbour",
    level=Level.SENSITIVE, compartments=frozenset({"ports", "customs"}),
)  # fmt: skip
BLOCK = sizes.CHUNK_BYTES + envelope.TAG_BYTES
THREE_CHUNKS = bytes(2 * sizes.CHUNK_BYTES + 5)


def blocks(sealed: bytes) -> list[bytes]:
    """The chunks of an envelope, tags included."""
    body = sealed[envelope.PREAMBLE_BYTES :]
    return [body[start : start + BLOCK] for start in range(0, len(body), BLOCK)]


def rebuilt(sealed: bytes, chunks: list[bytes]) -> bytes:
    return sealed[: envelope.PREAMBLE_BYTES] + b"".join(chunks)


class TestRoundTrip:
    @given(st.binary(max_size=3000))
    def test_short_content_comes_back(self, content: bytes) -> None:
        assert unseal(TASK, seal(TASK, content, DEK), DEK) == content

    @pytest.mark.parametrize(
        "length", [0, 1, 255, 256, 65_534, 65_535, 65_536, 65_537, 131_071, 131_072, 200_000]
    )
    @pytest.mark.parametrize("byte", [b"\x00", b"\x80", b"a"])
    def test_lengths_around_the_edges_come_back(self, length: int, byte: bytes) -> None:
        assert unseal(TASK, seal(TASK, byte * length, DEK), DEK) == byte * length

    @given(st.lists(st.binary(max_size=90_000), max_size=4), st.integers(300, 100_000))
    def test_size_of_the_pieces_does_not_matter(self, pieces: list[bytes], step: int) -> None:
        sealed = b"".join(seal_stream(TASK, pieces, DEK))
        cut = [sealed[start : start + step] for start in range(0, len(sealed), step)]
        assert b"".join(unseal_stream(TASK, cut, DEK)) == b"".join(pieces)

    def test_a_buffer_that_is_filled_again_is_copied(self) -> None:
        buffer = bytearray(sizes.CHUNK_BYTES)

        def pieces() -> Iterator[bytearray]:
            for byte in b"abc":
                buffer[:] = bytes([byte]) * len(buffer)
                yield buffer

        sealed = b"".join(seal_stream(TASK, pieces(), DEK))
        assert unseal(TASK, sealed, DEK) == b"".join(bytes([byte]) * sizes.CHUNK_BYTES for byte in b"abc")

    def test_same_content_never_looks_the_same(self) -> None:
        assert seal(TASK, b"same", DEK) != seal(TASK, b"same", DEK)

    def test_data_keys_differ(self) -> None:
        assert len({new_dek() for _ in range(100)}) == 100
        assert len(new_dek()) == 32

    @pytest.mark.parametrize("dek", [b"", bytes(16), bytes(31), bytes(33)])
    def test_other_key_lengths_are_a_fault_of_ours(self, dek: bytes) -> None:
        with pytest.raises(ValueError, match="32 bytes"):
            seal(TASK, b"", dek)


class TestTampering:
    def test_any_flipped_bit_is_refused(self) -> None:
        """Every bit of a small envelope, one after the other."""
        sealed = seal(TASK, b"the unflipped truth", DEK)
        for position, bit in itertools.product(range(len(sealed)), range(8)):
            changed = bytearray(sealed)
            changed[position] ^= 1 << bit
            with pytest.raises(SealingError):
                unseal(TASK, bytes(changed), DEK)

    @given(st.integers(0), st.integers(0, 7))
    def test_any_flipped_bit_of_several_chunks_is_refused(self, position: int, bit: int) -> None:
        changed = bytearray(seal(TASK, THREE_CHUNKS, DEK))
        changed[position % len(changed)] ^= 1 << bit
        with pytest.raises(SealingError):
            unseal(TASK, bytes(changed), DEK)

    def test_every_cut_of_a_short_envelope_is_refused(self) -> None:
        sealed = seal(TASK, b"all of it", DEK)
        for length in range(len(sealed)):
            with pytest.raises((errors.Truncated, errors.NotAnEnvelope)):
                unseal(TASK, sealed[:length], DEK)

    @pytest.mark.parametrize("kept", [
        envelope.PREAMBLE_BYTES, envelope.PREAMBLE_BYTES + 1, envelope.PREAMBLE_BYTES + BLOCK,
        envelope.PREAMBLE_BYTES + 2 * BLOCK, envelope.PREAMBLE_BYTES + 3 * BLOCK - 1,
        envelope.PREAMBLE_BYTES + 2 * BLOCK + 272,
    ])  # fmt: skip
    def test_cut_between_and_inside_chunks_is_truncation(self, kept: int) -> None:
        with pytest.raises(errors.Truncated):
            unseal(TASK, seal(TASK, THREE_CHUNKS, DEK)[:kept], DEK)

    @pytest.mark.parametrize(
        "order", [order for order in itertools.permutations(range(3)) if order != (0, 1, 2)]
    )
    def test_reordered_chunks_are_refused(self, order: tuple[int, ...]) -> None:
        sealed = seal(TASK, THREE_CHUNKS, DEK)
        chunks = blocks(sealed)
        with pytest.raises(errors.ChunkRefused):
            unseal(TASK, rebuilt(sealed, [chunks[place] for place in order]), DEK)

    def test_repeated_and_dropped_chunks_are_refused(self) -> None:
        sealed = seal(TASK, THREE_CHUNKS, DEK)
        first, second, last = blocks(sealed)
        for chunks in ([first, first, last], [second, last], [first, last]):
            with pytest.raises(errors.ChunkRefused):
                unseal(TASK, rebuilt(sealed, chunks), DEK)

    def test_spliced_chunk_of_another_sealing_is_refused(self) -> None:
        """Same header, same key, same place: the nonce prefix still differs."""
        one, other = seal(TASK, THREE_CHUNKS, DEK), seal(TASK, THREE_CHUNKS, DEK)
        with pytest.raises(errors.ChunkRefused) as refusal:
            unseal(TASK, rebuilt(one, [blocks(one)[0], blocks(other)[1], blocks(one)[2]]), DEK)
        assert refusal.value.facts == {"chunk": 1}

    def test_what_follows_the_end_is_refused(self) -> None:
        sealed = seal(TASK, THREE_CHUNKS, DEK)
        with pytest.raises(errors.TrailingData):
            unseal(TASK, sealed + blocks(sealed)[-1], DEK)
        with pytest.raises(errors.TrailingData):
            unseal(TASK, sealed + b"\x00", DEK)

    def test_another_key_opens_nothing(self) -> None:
        with pytest.raises(errors.ChunkRefused):
            unseal(TASK, seal(TASK, b"x", DEK), new_dek())

    @pytest.mark.parametrize("data", [b"", b"M", b"PK\x03\x04", b"\x00" * 400])
    def test_what_is_no_envelope(self, data: bytes) -> None:
        with pytest.raises(errors.NotAnEnvelope):
            unseal(TASK, data, DEK)

    @pytest.mark.parametrize("version", [0, 2, 255])
    def test_unknown_version_is_named(self, version: int) -> None:
        sealed = bytearray(seal(TASK, b"x", DEK))
        sealed[3] = version
        with pytest.raises(errors.UnknownVersion) as refusal:
            unseal(TASK, bytes(sealed), DEK)
        assert refusal.value.facts == {"version": version}

    @given(st.binary(max_size=800))
    def test_no_bytes_make_it_fail_in_another_way(self, data: bytes) -> None:
        for start in (b"", seal(TASK, b"", DEK)[: envelope.PREAMBLE_BYTES]):
            with pytest.raises(SealingError):
                unseal(TASK, start + data, DEK)

    def test_no_plaintext_of_a_chunk_that_is_refused(self) -> None:
        sealed = bytearray(seal(TASK, b"a" * sizes.CHUNK_BYTES + b"b" * 100, DEK))
        sealed[envelope.PREAMBLE_BYTES + BLOCK + 3] ^= 1
        opened = unseal_stream(TASK, [bytes(sealed)], DEK)
        assert next(opened) == b"a" * sizes.CHUNK_BYTES
        with pytest.raises(errors.ChunkRefused):
            next(opened)


CHANGED_HEADERS = [
    dataclasses.replace(TASK, purpose=Purpose.RESULT),
    dataclasses.replace(TASK, purpose=Purpose.ANSWER, contribution=UUID(int=1)),
    dataclasses.replace(TASK, microtask=UUID(int=1)),
    dataclasses.replace(TASK, payload_version=2),
    dataclasses.replace(TASK, agency="forest"),
    dataclasses.replace(TASK, level=Level.PUBLIC),
    dataclasses.replace(TASK, compartments=frozenset({"ports"})),
    dataclasses.replace(TASK, content_type="text/plain"),
]


class TestChangedHeader:
    @pytest.mark.parametrize("header", CHANGED_HEADERS)
    def test_is_refused(self, header: Header) -> None:
        with pytest.raises(errors.HeaderMismatch):
            unseal(header, seal(TASK, b"x", DEK), DEK)

    @pytest.mark.parametrize("header", CHANGED_HEADERS)
    def test_is_refused_though_the_stored_hash_is_changed_along(self, header: Header) -> None:
        sealed = seal(TASK, b"x", DEK)
        start = envelope.PREAMBLE_BYTES - 32
        forged = sealed[:start] + header.hash + sealed[envelope.PREAMBLE_BYTES :]
        with pytest.raises(errors.ChunkRefused):
            unseal(header, forged, DEK)


NEWER = dataclasses.replace(TASK, campaign=UUID(int=7), protection=Protection.SERVER)
BETWEEN_ENDS = dataclasses.replace(NEWER, protection=Protection.END_TO_END)
KEY = dataclasses.replace(NEWER, purpose=Purpose.KEY, microtask=None)
DRAFT = dataclasses.replace(NEWER, purpose=Purpose.DRAFT, contribution=UUID(int=9))


class TestProtection:
    """Version 2 of the header says how the content is protected; nobody can be talked into another level."""

    @pytest.mark.parametrize(("sealed_as", "asked_as"), [(BETWEEN_ENDS, NEWER), (NEWER, BETWEEN_ENDS)])
    def test_content_of_one_level_is_not_opened_as_the_other(
        self, sealed_as: Header, asked_as: Header
    ) -> None:
        sealed = seal(sealed_as, b"x", DEK)
        with pytest.raises(errors.DowngradeRefused) as refusal:
            unseal(asked_as, sealed, DEK)
        assert refusal.value.facts == {"protection": asked_as.protection}
        assert isinstance(refusal.value, errors.HeaderMismatch)

    @pytest.mark.parametrize(("sealed_as", "asked_as"), [(BETWEEN_ENDS, NEWER), (NEWER, BETWEEN_ENDS)])
    def test_nor_when_the_hash_in_the_envelope_is_changed_along(
        self, sealed_as: Header, asked_as: Header
    ) -> None:
        sealed = seal(sealed_as, b"x", DEK)
        forged = sealed.replace(sealed_as.hash, asked_as.hash)
        with pytest.raises(errors.ChunkRefused):
            unseal(asked_as, forged, DEK)

    @pytest.mark.parametrize(("sealed_as", "asked_as"), [(NEWER, TASK), (TASK, NEWER), (BETWEEN_ENDS, TASK)])
    def test_versions_are_not_mixed(self, sealed_as: Header, asked_as: Header) -> None:
        with pytest.raises(errors.HeaderMismatch):
            unseal(asked_as, seal(sealed_as, b"x", DEK), DEK)

    def test_another_campaigns_content_stays_closed(self) -> None:
        with pytest.raises(errors.HeaderMismatch) as refusal:
            unseal(dataclasses.replace(NEWER, campaign=UUID(int=8)), seal(NEWER, b"x", DEK), DEK)
        assert type(refusal.value) is errors.HeaderMismatch

    def test_an_older_version_of_the_payload_stays_closed(self) -> None:
        """Put back into its place, envelope and slot: a reader that expects the second version refuses the first."""
        second = dataclasses.replace(NEWER, payload_version=2)
        with pytest.raises(errors.HeaderMismatch):
            unseal(second, seal(NEWER, b"the first version", DEK), DEK)


class TestWithoutTheKey:
    """Whoever stores an envelope cannot open it and can still refuse one that does not belong."""

    def test_what_belongs_passes(self) -> None:
        envelope.check_belongs(BETWEEN_ENDS, seal(BETWEEN_ENDS, b"x", DEK))

    def test_what_does_not_is_refused_by_its_name(self) -> None:
        sealed = seal(BETWEEN_ENDS, b"x", DEK)
        for header, data, error in (
            (DRAFT, sealed, errors.HeaderMismatch), (NEWER, sealed, errors.DowngradeRefused),
            (BETWEEN_ENDS, sealed[:42], errors.Truncated), (BETWEEN_ENDS, b"", errors.NotAnEnvelope),
            (BETWEEN_ENDS, b"MSP\x02" + sealed[4:], errors.UnknownVersion),
        ):  # fmt: skip
            with pytest.raises(error):
                envelope.check_belongs(header, data)


class TestStreaming:
    def test_large_content_takes_little_memory(self) -> None:
        piece = bytes(1 << 20)
        tracemalloc.start()
        try:
            sealed = seal_stream(TASK, itertools.repeat(piece, 32), DEK)
            length = sum(len(chunk) for chunk in unseal_stream(TASK, sealed, DEK))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert length == 32 << 20
        assert peak < 1 << 20

    def test_more_chunks_than_can_be_numbered_are_refused(self) -> None:
        assert envelope._nonce(bytes(7), 2**32 - 1, True)[7:] == b"\xff\xff\xff\xff\x01"
        with pytest.raises(errors.PayloadTooLarge):
            envelope._nonce(bytes(7), 2**32, False)


class TestSizes:
    @pytest.mark.parametrize(("length", "size"), [
        (0, 256), (1, 256), (255, 256), (256, 512), (511, 512), (512, 1024), (32_767, 32_768), (32_768, 65_536),
        (65_535, 65_536), (65_536, 131_072), (131_071, 131_072), (131_072, 196_608),
    ])  # fmt: skip
    def test_classes(self, length: int, size: int) -> None:
        assert sizes.size_class(length) == size
        assert sizes.is_size_class(size)

    @given(st.integers(0, 1 << 40))
    def test_there_is_room_for_one_byte_of_padding_and_never_more_than_needed(self, length: int) -> None:
        size = sizes.size_class(length)
        assert length < size
        assert size <= max(256, 2 * length, length + sizes.CHUNK_BYTES)

    def test_lengths_of_one_class_cannot_be_told_apart(self) -> None:
        assert len({len(seal(TASK, bytes(length), DEK)) for length in range(256)}) == 1

    @pytest.mark.parametrize("chunk", [b"", bytes(256), b"content", b"\x80\x01", b"a\x80\x00b"])
    def test_padding_that_is_none_is_refused(self, chunk: bytes) -> None:
        with pytest.raises(errors.PaddingRefused):
            sizes.unpadded(chunk)


class TestHeader:
    def test_reading_back_gives_the_same_header(self) -> None:
        for header in (TASK, NEWER, BETWEEN_ENDS, KEY, DRAFT, *CHANGED_HEADERS):
            assert Header.from_bytes(header.to_bytes()) == header

    def test_header_with_campaign_and_protection_is_the_second_version(self) -> None:
        assert [header.version for header in (TASK, NEWER, BETWEEN_ENDS, KEY, DRAFT)] == [1, 2, 2, 2, 2]
        assert b"protection" not in TASK.to_bytes()
        assert b'"protection":"end_to_end"' in BETWEEN_ENDS.to_bytes()

    def test_hashes_differ_where_headers_do(self) -> None:
        headers = (TASK, NEWER, BETWEEN_ENDS, KEY, DRAFT, *CHANGED_HEADERS)
        assert len({header.hash for header in headers}) == len(headers)

    def test_order_of_compartments_does_not_matter(self) -> None:
        one = dataclasses.replace(TASK, compartments=frozenset(["a", "b", "c"]))
        other = dataclasses.replace(TASK, compartments=frozenset(["c", "a", "b"]))
        assert one.hash == other.hash

    @pytest.mark.parametrize("data", [
        b"", b"{}", b"[]", b"null", b"\xff", b"[" * 5000, TASK.to_bytes() + b" ",
        TASK.to_bytes().replace(b":", b": "), TASK.to_bytes().replace(b"sensitive", b"secret"),
        TASK.to_bytes().replace(b'"task"', b'"draft"'),
        TASK.to_bytes().replace(b'"payload_version":1', b'"payload_version":0'),
        TASK.to_bytes().replace(b'"payload_version":1', b'"payload_version":true'),
        TASK.to_bytes().replace(b'"version":1', b'"version":true'), TASK.to_bytes().replace(b'"ports"', b"1"),
        TASK.to_bytes().replace(b'"payload_version":1', b'"payload_version":1.0'),
        TASK.to_bytes().replace(b'["customs","ports"]', b'["ports","customs"]'),
        TASK.to_bytes().replace(b'["customs","ports"]', b'"ports"'),
        TASK.to_bytes().replace(b'"agency"', b'"zone"'), TASK.to_bytes().replace(b"7b1c0a52", b"7B1C0A52"),
        TASK.to_bytes().replace(b'"harbour"', b'7'), TASK.to_bytes().replace(b'"harbour"', b'""'),
        TASK.to_bytes().replace(b'{', b'{"extra":1,', 1),
    ])  # fmt: skip
    def test_anything_but_the_canonical_form_is_refused(self, data: bytes) -> None:
        with pytest.raises(errors.HeaderRefused):
            Header.from_bytes(data)

    def test_unknown_version_is_told_apart(self) -> None:
        with pytest.raises(errors.UnknownVersion):
            Header.from_bytes(TASK.to_bytes().replace(b'"version":1', b'"version":3'))

    def test_contribution_belongs_to_answers_and_only_there(self) -> None:
        with pytest.raises(errors.HeaderRefused):
            dataclasses.replace(TASK, purpose=Purpose.ANSWER)
        with pytest.raises(errors.HeaderRefused):
            dataclasses.replace(TASK, contribution=UUID(int=1))

    @pytest.mark.parametrize("changed", [
        {"campaign": None}, {"protection": None}, {"microtask": None}, {"purpose": Purpose.KEY},
        {"purpose": Purpose.DRAFT}, {"purpose": Purpose.ANSWER}, {"contribution": UUID(int=1)}, {"payload_version": 0},
        {"payload_version": 2**53}, {"agency": ""}, {"content_type": ""},
    ])  # fmt: skip
    def test_members_that_do_not_go_together_are_refused(self, changed: dict[str, Any]) -> None:
        with pytest.raises(errors.HeaderRefused):
            dataclasses.replace(NEWER, **changed)

    @pytest.mark.parametrize("purpose", [Purpose.DRAFT, Purpose.KEY])
    def test_version_1_knows_neither_drafts_nor_keys(self, purpose: Purpose) -> None:
        contribution = UUID(int=1) if purpose is Purpose.DRAFT else None
        microtask = None if purpose is Purpose.KEY else UUID(int=2)
        with pytest.raises(errors.HeaderRefused):
            dataclasses.replace(TASK, purpose=purpose, contribution=contribution, microtask=microtask)

    def test_member_given_twice_is_refused(self) -> None:
        with pytest.raises(errors.HeaderRefused):
            Header.from_bytes(NEWER.to_bytes().replace(b"{", b'{"version":2,', 1))
