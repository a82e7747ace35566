"""The blueprint of /log."""

from __future__ import annotations

from flask import Blueprint, Response

proofs = Blueprint("proofs", __name__, url_prefix="/log")
FOR_EVER = "public, max-age=31536000, immutable"


def plain(text: str, status: int = 200) -> Response:
    """Text for programs."""
    return Response(text, status, content_type="text/plain; charset=utf-8")


def missing() -> Response:
    """The log does not reach as far."""
    return plain("The log has nothing there.\n", 404)
