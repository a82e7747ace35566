"""Text that owners write in Markdown, as HTML that cannot carry a script."""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

_TAGS = {
    "p", "br", "hr", "em", "strong", "del", "code", "pre", "blockquote", "ul", "ol", "li", "h3", "h4", "a",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_READER = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])


def markdown(text: str) -> Markup:
    """Rendered, headings below the page's own, and cleaned: links to https only, no images, no attributes else."""
    html = _READER.render(text)
    for given, shown in (("h1", "h3"), ("h2", "h3"), ("h5", "h4"), ("h6", "h4")):
        html = html.replace(f"<{given}>", f"<{shown}>").replace(f"</{given}>", f"</{shown}>")
    clean = nh3.clean(
        html, tags=_TAGS, attributes={"a": {"href"}}, url_schemes={"https", "mailto"}, link_rel="noopener"
    )
    return Markup(clean)  # noqa: S704 - nh3 cleaned it
