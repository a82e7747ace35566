"""The envelope: content in AES-256-GCM chunks of 64 KiB, each bound to its place, its end and its header.

    "MSP" 0x01  |  nonce prefix (7)  |  header hash (32)  |  chunk 0  |  chunk 1  |  …
    nonce of a chunk = prefix (7) ‖ number of the chunk (4, big-endian) ‖ 1 for the last chunk, else 0
    additional data  = header hash (32)

`docs/sealing.md` describes the format for other programs; `tests/vectors/sealing.json` holds examples.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from security.sealing import sizes
from security.sealing.errors import (
    ChunkRefused,
    DowngradeRefused,
    HeaderMismatch,
    NotAnEnvelope,
    PayloadTooLarge,
    TrailingData,
    Truncated,
    UnknownVersion,
)
from security.sealing.header import HASH_BYTES, Header, Protection

MAGIC = b"MSP"
FORMAT_VERSION = 1
KEY_BYTES = 32
TAG_BYTES = 16
PREFIX_BYTES = 7
PREAMBLE_BYTES = len(MAGIC) + 1 + PREFIX_BYTES + HASH_BYTES

Block = bytes | memoryview

_LARGEST_COUNTER = 2**32 - 1


def new_dek() -> bytes:
    """A random 256-bit data key. One key seals one payload version and nothing else."""
    return os.urandom(KEY_BYTES)


def seal(header: Header, plaintext: bytes, dek: bytes) -> bytes:
    """The sealed form of `plaintext`, padded to its size class, bound to `header`."""
    return b"".join(seal_stream(header, [plaintext], dek))


def unseal(header: Header, sealed: bytes, dek: bytes) -> bytes:
    """The whole content of `sealed`, or a SealingError and nothing of it."""
    return b"".join(list(unseal_stream(header, [sealed], dek)))


def check_belongs(header: Header, sealed: bytes) -> None:
    """Whether `sealed` says that it was sealed under `header`, for whoever cannot open it.

    Raises NotAnEnvelope, Truncated, UnknownVersion, HeaderMismatch. What follows the preamble is not looked at.
    """
    _read_preamble(sealed[:PREAMBLE_BYTES], header, header.hash)


def seal_stream(header: Header, pieces: Iterable[bytes | bytearray], dek: bytes) -> Iterator[bytes]:
    """Seal content that arrives in pieces of any size, holding no more than a chunk or two of it."""
    return _sealed(header, pieces, dek, os.urandom(PREFIX_BYTES))


def unseal_stream(header: Header, pieces: Iterable[bytes | bytearray], dek: bytes) -> Iterator[bytes]:
    """Open sealed content that arrives in pieces of any size; what comes out is authentic chunk by chunk.

    That the end is the end is known only when the iterator is exhausted without a SealingError: whoever uses
    earlier chunks must be able to take them back.
    """
    cipher = AESGCM(_checked(dek))
    bound_to = header.hash
    incoming = iter(pieces)
    preamble, rest = _split_preamble(incoming)
    prefix = _read_preamble(preamble, header, bound_to)
    blocks = _regrouped(_chained(rest, incoming), sizes.CHUNK_BYTES + TAG_BYTES)
    for number, (block, is_last) in enumerate(_with_last(blocks)):
        if is_last and not _may_be_last(number, block):
            raise Truncated
        chunk = _opened(cipher, prefix, number, block, is_last, bound_to)
        yield sizes.unpadded(chunk) if is_last else chunk


def _sealed(
    header: Header, pieces: Iterable[bytes | bytearray], dek: bytes, prefix: bytes
) -> Iterator[bytes]:
    """The sealed form under a chosen nonce prefix; apart from test vectors the prefix is random."""
    cipher = AESGCM(_checked(dek))
    bound_to = header.hash
    yield MAGIC + bytes([FORMAT_VERSION]) + prefix + bound_to
    blocks = _regrouped(sizes.padded(pieces), sizes.CHUNK_BYTES)
    for number, (block, is_last) in enumerate(_with_last(blocks)):
        yield cipher.encrypt(_nonce(prefix, number, is_last), block, bound_to)


def _nonce(prefix: bytes, number: int, is_last: bool) -> bytes:
    if number > _LARGEST_COUNTER:
        raise PayloadTooLarge
    return prefix + number.to_bytes(4, "big") + bytes([is_last])


def _opened(
    cipher: AESGCM, prefix: bytes, number: int, block: Block, is_last: bool, bound_to: bytes
) -> bytes:
    try:
        return cipher.decrypt(_nonce(prefix, number, is_last), block, bound_to)
    except InvalidTag:
        pass
    # Authentic under the opposite flag: chunk and place are right, only the end is not where it was.
    try:
        cipher.decrypt(_nonce(prefix, number, not is_last), block, bound_to)
    except InvalidTag:
        raise ChunkRefused(chunk=number) from None
    raise Truncated if is_last else TrailingData


def _may_be_last(number: int, block: Block) -> bool:
    size = len(block) - TAG_BYTES
    return sizes.is_size_class(number * sizes.CHUNK_BYTES + size)


def _split_preamble(incoming: Iterator[bytes | bytearray]) -> tuple[bytes, Block]:
    """Read on until the preamble is whole; give it and what came with it."""
    read = b""
    while len(read) < PREAMBLE_BYTES:
        piece = next(incoming, None)
        if piece is None:
            break
        read += piece
    return read[:PREAMBLE_BYTES], memoryview(read)[PREAMBLE_BYTES:]


def _read_preamble(preamble: bytes, header: Header, bound_to: bytes) -> bytes:
    """The nonce prefix, once magic, version and header hash have been found right."""
    if preamble[: len(MAGIC)] != MAGIC:
        raise NotAnEnvelope
    if len(preamble) < PREAMBLE_BYTES:
        raise Truncated
    version = preamble[len(MAGIC)]
    if version != FORMAT_VERSION:
        raise UnknownVersion(version=version)
    # Tells a wrong header from a changed chunk. Forging it gains nothing: chunks are bound to the real hash.
    if preamble[-HASH_BYTES:] != bound_to:
        raise _mismatch(header, preamble[-HASH_BYTES:])
    return preamble[len(MAGIC) + 1 : len(MAGIC) + 1 + PREFIX_BYTES]


def _mismatch(header: Header, sealed_under: bytes) -> HeaderMismatch:
    """Why the hash in the envelope is not the header's: something else, or the same under another protection."""
    if header.protection is None:
        return HeaderMismatch()
    for protection in Protection:
        if replace(header, protection=protection).hash == sealed_under:
            return DowngradeRefused(protection=header.protection)
    return HeaderMismatch()


def _chained(first: Block, rest: Iterator[bytes | bytearray]) -> Iterator[Block | bytearray]:
    yield first
    yield from rest


def _regrouped(pieces: Iterable[Block | bytearray], size: int) -> Iterator[Block]:
    """The same bytes in blocks of exactly `size`, the last one possibly shorter but never empty.

    Blocks inside one piece are views of it, so that large pieces are not copied.
    """
    held = bytearray()
    for piece in pieces:
        view = memoryview(piece)
        # A buffer that its owner fills again for the next piece would change under a view: copy it.
        if not isinstance(view.obj, bytes):
            view = memoryview(bytes(view))
        if held:
            missing = size - len(held)
            held += view[:missing]
            view = view[missing:]
        if len(held) == size:
            yield bytes(held)
            held.clear()
        while len(view) >= size:
            yield view[:size]
            view = view[size:]
        held += view
    if held:
        yield bytes(held)


def _with_last(blocks: Iterator[Block]) -> Iterator[tuple[Block, bool]]:
    """Each block with whether it is the last. Without any block there is one, empty, and it is the last."""
    block: Block = next(blocks, b"")
    for following in blocks:
        yield block, False
        block = following
    yield block, True


def _checked(dek: bytes) -> bytes:
    if len(dek) != KEY_BYTES:
        raise ValueError("a data key has 32 bytes")
    return dek
