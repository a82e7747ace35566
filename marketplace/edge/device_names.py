"""What a person recognises their browser by: two coarse words out of the User-Agent, and nothing else of it.

"Firefox/Linux" is kept; pages say "Firefox on Linux". It is no evidence: anybody can send any User-Agent.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import count

# The first that fits counts: Edge and Opera also say Chrome, and Chrome also says Safari.
_BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "ChromeOS"),
    ("Windows", "Windows"), ("Macintosh", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def device_name(user_agent: str | None) -> str | None:
    """ "Firefox/Linux", with "" for the part that says nothing; None where neither does."""
    browser, system = _first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)
    return f"{browser}/{system}" if browser or system else None


def free_name(wanted: str, taken: Collection[str]) -> str:
    """The name, or it with the first number from 2 on that makes it none of those that are taken, in any spelling."""
    known = {" ".join(each.split()).casefold() for each in taken}
    names = (wanted if number == 1 else f"{wanted} {number}" for number in count(1))
    return next(name for name in names if name.casefold() not in known)


def _first(table: tuple[tuple[str, str], ...], user_agent: str | None) -> str:
    return next((name for mark, name in table if mark in (user_agent or "")), "")
