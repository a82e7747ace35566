"""Where a witness brings its cosignature, when it comes by itself instead of being asked."""

from __future__ import annotations

from flask import Response, request

from marketplace.foundation.db import transaction
from marketplace.proofs.door import plain, proofs
from security.log import checkpoints
from security.notes import BadNote

LONGEST = 16 * 1024


@proofs.post("/cosignatures/<int:size>")
def cosign(size: int) -> Response:
    """Signature lines for the checkpoint of a size. Only those of registered witnesses are kept, if they verify.

    What is kept speaks for itself, so whoever brings it needs no sign-in.
    """
    lines = request.get_data(cache=False)
    if len(lines) > LONGEST:
        return plain("This is too long for signature lines.\n", 413)
    try:
        with transaction() as tx:
            kept = checkpoints.cosign(tx, size, lines.decode("utf-8", "strict"))
    except (BadNote, UnicodeDecodeError):
        return plain("These are no signature lines that hold for this checkpoint.\n", 422)
    if not kept:
        return plain("No registered witness made these lines, or no checkpoint has this size.\n", 404)
    return plain("".join(f"{name}\n" for name in kept))
