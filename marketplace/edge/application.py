"""Flask, made silent: no message of foreign code reaches the log, and no upload reaches a disk."""

from __future__ import annotations

import logging
from io import BytesIO
from types import TracebackType
from typing import IO

import structlog
from flask import Flask, Request, request

from marketplace.edge.problems import where

log = structlog.get_logger(__name__)


class RequestInMemory(Request):
    """A request whose file parts stay in memory; MAX_CONTENT_LENGTH bounds them."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return BytesIO()


class Application(Flask):
    """Flask whose own words about errors are places in files: the rest of an error may be payload."""

    request_class = RequestInMemory

    def log_exception(
        self, exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None]
    ) -> None:
        """Say where it broke. Flask's own line has the message, its cause's messages and the address."""
        error = exc_info[1]
        log.error(
            "request.broken",
            at=where(error) if error else [],
            error=type(error).__name__,
            endpoint=request.endpoint,
        )


def without_messages(record: logging.LogRecord) -> bool:
    """A filter for Flask's logger, which it also uses where nobody can override it."""
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        record.msg, record.args = f"{record.msg}: {type(error).__name__} at {where(error)}", ()
        record.exc_info = record.exc_text = None
    return True
