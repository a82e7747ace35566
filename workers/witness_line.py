"""The line to one agency's witness: a checkpoint goes out, a cosignature or a refusal comes back."""

from __future__ import annotations

from marketplace.foundation import outbound
from marketplace.foundation.db import reading
from marketplace.foundation.outbound import Reach
from security.log import witnesses
from security.log.witnesses import Answer
from workers import starting

KINDS = ("text/plain", "text/x.tlog.size")


def ask(name: str) -> Answer | None:
    """Ask a witness, and once more from the size that it names. None where there is nothing to ask.

    Raises OutboundFailed where it does not answer.
    """
    answer = _ask(name, None)
    if answer is not None and answer.size is not None:
        return _ask(name, answer.size) or answer
    return answer


def _ask(name: str, size: int | None) -> Answer | None:
    with reading() as db:
        request = witnesses.request(db, name, size)
    if request is None:
        return None
    chosen = starting.settings()
    reach = Reach.listed(chosen.private_issuers, plain_loopback=chosen.demo)
    found = outbound.fetch(
        "POST",
        f"{request.url.rstrip('/')}/add-checkpoint",
        reach,
        headers={"Content-Type": "text/plain; charset=utf-8"},
        body=request.body.encode(),
        kinds=KINDS,
    )
    return witnesses.read_answer(request, found.status, found.kind, found.body.decode("utf-8", "replace"))
