"""The pages' acts that take more than a form usually has: what was sealed in the browser comes in large batches.

Said before anything reads the body: whoever looks for a form's token in it would be refused for its size first.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import request

A_BATCH = 32 * 1024 * 1024
LARGEST: Mapping[str, int] = {"web.post_sealed": A_BATCH, "web.add_sealed_items": A_BATCH}
"""Bytes, by endpoint."""


def allow() -> None:
    """Let this request's body be as large as its route takes."""
    larger = LARGEST.get(request.endpoint or "")
    if larger is not None:
        request.max_content_length = larger
