"""Where a page of ours sends the browser on by itself."""

from __future__ import annotations

from werkzeug.test import TestResponse


def onward(answer: TestResponse) -> str:
    """The address of the provider that a page refreshes to."""
    assert answer.status_code == 200, answer.get_data(as_text=True)
    refresh: str = answer.headers["Refresh"]
    return refresh.removeprefix("0; url=")
