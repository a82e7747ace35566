"""Browsers are named coarsely, by two words."""

import pytest

from marketplace.edge.device_names import device_name, free_name

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox/Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 Edg/142.0", "Edge/Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36", "Chrome/Windows"),
        (f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36", "Chrome/Android"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/26.0 Safari/605.1.15",
            "Safari/macOS",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) Version/26.0 Safari/604.1", "Safari/iPhone"),
        ("Mozilla/5.0 (Something else) Firefox/1", "Firefox/"),
        ("curl/8.5.0", None),
        ("", None),
        (None, None),
    ],
)
def test_a_browser_is_named_by_what_it_is_and_where_it_runs(user_agent: str | None, name: str | None) -> None:
    assert device_name(user_agent) == name


@pytest.mark.parametrize(
    ("taken", "name"),
    [
        ([], "Firefox on Linux"),
        (["Laptop", "Firefox on Linux 2"], "Firefox on Linux"),
        (["Firefox on Linux"], "Firefox on Linux 2"),
        (["Firefox on Linux 2", "Firefox on Linux"], "Firefox on Linux 3"),
        (["Firefox on Linux", "Firefox on Linux 3"], "Firefox on Linux 2"),
        (["firefox  on linux "], "Firefox on Linux 2"),
    ],
)
def test_a_name_that_is_taken_gets_the_first_free_number(taken: list[str], name: str) -> None:
    assert free_name("Firefox on Linux", taken) == name
