"""Size classes: a sealed payload shows which class its length falls into, and not its length.

Up to 64 KiB the classes are 256 bytes and its doublings, beyond that whole multiples of 64 KiB. The content
is followed by one byte 0x80 and as many zero bytes as the class wants (ISO/IEC 7816-4), so that padding can
be told from content whatever the content ends with. There is always at least one byte of padding.
"""

from collections.abc import Iterable, Iterator

from security.sealing.errors import PaddingRefused

CHUNK_BYTES = 64 * 1024
SMALLEST_CLASS = 256

_END_OF_CONTENT = b"\x80"


def size_class(length: int) -> int:
    """The padded size, in bytes, of content of `length` bytes."""
    if length >= CHUNK_BYTES:
        return (length // CHUNK_BYTES + 1) * CHUNK_BYTES
    return max(SMALLEST_CLASS, 1 << length.bit_length())


def is_size_class(size: int) -> bool:
    """Whether padded content can be `size` bytes long."""
    if size > CHUNK_BYTES:
        return size % CHUNK_BYTES == 0
    return size >= SMALLEST_CLASS and size.bit_count() == 1


def padded(pieces: Iterable[bytes | bytearray]) -> Iterator[bytes | bytearray]:
    """The pieces, then the padding that fills their size class."""
    length = 0
    for piece in pieces:
        length += len(piece)
        yield piece
    yield _END_OF_CONTENT.ljust(size_class(length) - length, b"\x00")


def unpadded(last_chunk: bytes) -> bytes:
    """The content of the last chunk: padding never reaches into the chunk before. Raises PaddingRefused."""
    content, mark, zeros = last_chunk.rpartition(_END_OF_CONTENT)
    if not mark or zeros.strip(b"\x00"):
        raise PaddingRefused
    return content
