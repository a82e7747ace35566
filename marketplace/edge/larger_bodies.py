"""The pages' acts that take more than a form usually has: a campaign that was sealed in the browser comes whole.

Said before anything reads the body: whoever looks for a form's token in it would be refused for its size first.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import request

LARGEST: Mapping[str, int] = {"web.post_sealed": 32 * 1024 * 1024}
"""Bytes, by endpoint."""


def allow() -> None:
    """Let this request's body be as large as its route takes."""
    larger = LARGEST.get(request.endpoint or "")
    if larger is not None:
        request.max_content_length = larger
