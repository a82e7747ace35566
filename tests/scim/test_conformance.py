"""scim2-tester, against the real application on both databases: every check it knows, and none of them fails."""

from __future__ import annotations

from collections import Counter

from scim2_tester import Status, check_server

from tests.scim.conftest import Directory


def test_scim2_tester_finds_no_error(directory: Directory) -> None:
    results = check_server(directory.client())
    bad = [
        f"{each.resource_type or ''} {each.title}: {each.reason}"
        for each in results
        if each.status in (Status.ERROR, Status.CRITICAL, Status.DEVIATION)
    ]
    assert bad == []
    counted = Counter(each.status for each in results)
    assert counted[Status.SUCCESS] > 60
    assert counted[Status.SKIPPED] == 0
