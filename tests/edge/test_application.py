"""What the application does when things break: it stays silent about content, and answers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from flask import Flask, request
from sqlalchemy import Engine
from sqlalchemy.exc import ProgrammingError

from marketplace.edge import application, problems, refusals
from marketplace.foundation.errors import Refused, Unavailable
from tests.application import an_application_of_its_own, settings_for


@pytest.fixture
def app(database: Engine, tmp_path: Path) -> Iterator[Flask]:
    with an_application_of_its_own(database, tmp_path) as made:
        yield made


@pytest.mark.parametrize("breaks", [1, 2])
def test_what_flask_says_about_an_error_has_no_message_of_it(app: Flask, breaks: int) -> None:
    left = [ValueError("payload")] * breaks

    def broken(response: Any) -> Any:
        if left:
            raise left.pop()
        return response

    app.after_request(broken)
    flasks_own = StringIO()
    handler = logging.StreamHandler(flasks_own)
    app.logger.addHandler(handler)
    try:
        with patch.object(application, "log") as ours:
            assert app.test_client().get("/help?payload").status_code == 500
    finally:
        app.logger.removeHandler(handler)
    said = str(ours.mock_calls) + flasks_own.getvalue()
    assert "payload" not in said
    assert said.count("ValueError") == breaks
    assert "test_application.py" in said


@pytest.mark.parametrize("trouble", [Unavailable(), ProgrammingError("select", {}, Exception("payload"))])
def test_a_refusal_that_cannot_be_recorded_is_still_a_refusal(app: Flask, trouble: Exception) -> None:
    with app.test_request_context("/work"), patch.object(refusals.audit, "record", side_effect=trouble):
        assert refusals.put_on_record(Refused(), "R-2222-22") is False


def test_an_upload_of_any_size_stays_in_memory(app: Flask) -> None:
    part = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="rows.csv"\r\n\r\n'
    body = part + b"x" * 800_000 + b"\r\n--edge--\r\n"
    kind = "multipart/form-data; boundary=edge"
    with (
        patch("werkzeug.formparser.SpooledTemporaryFile", side_effect=AssertionError),
        app.test_request_context("/", method="POST", data=body, content_type=kind),
    ):
        stream = request.files["file"].stream
        assert isinstance(stream, BytesIO)
        assert len(stream.read()) == 800_000


def test_a_number_that_is_too_large_is_the_senders_mistake() -> None:
    assert problems.describe(OverflowError("payload"), "R-2222-22")["status"] == 422


def test_settings_do_not_show_their_secrets(database: Engine, tmp_path: Path) -> None:
    made = settings_for(database, tmp_path)
    words = repr(made)
    for secret in (made.secret_key.decode(), made.database_url, made.redis_url):
        assert secret not in words
    assert "mail_url" not in words
