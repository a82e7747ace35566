"""What owners write in Markdown cannot carry a script, an image or a heading above the page's own."""

from __future__ import annotations

import pytest

from marketplace.web.prose import markdown


def test_markdown_becomes_structure() -> None:
    assert markdown("Read. **Choose**.\n\n- one\n- two") == (
        "<p>Read. <strong>Choose</strong>.</p>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n"
    )


def test_headings_stay_below_the_pages_own() -> None:
    assert markdown("# Big\n## Middle") == "<h3>Big</h3>\n<h3>Middle</h3>\n"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![picture](https://elsewhere.example/track.png)",
        "[press](javascript:alert(1))",
        "[press](data:text/html,<script>alert(1)</script>)",
        "<p style='position:fixed'>over everything</p>",
        "<iframe src='https://elsewhere.example'></iframe>",
    ],
)
def test_nothing_runs_and_nothing_is_loaded(text: str) -> None:
    html = markdown(text)
    for bad in ("<script", "<img", "<iframe", 'href="javascript:', 'href="data:', "<p style"):
        assert bad not in html


def test_links_lead_out_without_a_trace() -> None:
    assert markdown("[guide](https://guide.example)") == (
        '<p><a href="https://guide.example" rel="noopener">guide</a></p>\n'
    )
