"""What a directory does is on the record, act by act."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from agencies.scim import groups
from marketplace.foundation.db import transaction
from security.log.models import AuditPending
from tests.builders import AT_WORK, found, one
from tests.scim.conftest import Directory


def since(mark: int) -> list[str]:
    rows = found(select(AuditPending.act).where(AuditPending.id > mark).order_by(AuditPending.id))
    return [row.act for row in rows]


def mark() -> int:
    latest: int = one(select(AuditPending.id).order_by(AuditPending.id.desc()).limit(1))
    return latest


def test_changing_a_user_is_on_the_record(directory: Directory) -> None:
    user = directory.user()
    before = mark()
    directory.patch(user, {"op": "replace", "path": "displayName", "value": "Maja Okonkwo"})
    assert since(before) == ["scim_user.change"]


def test_ending_a_user_is_on_the_record_and_so_is_that_the_person_left(directory: Directory) -> None:
    user = directory.user()
    before = mark()
    directory.send("DELETE", f"/Users/{user['id']}")
    assert {"scim_user.end", "person.leave"} <= set(since(before))


def test_a_group_is_on_the_record_from_its_making_to_its_end(directory: Directory) -> None:
    before = mark()
    group = directory.group()
    directory.patch(group, {"op": "replace", "path": "displayName", "value": "Posting"})
    directory.send("DELETE", f"/Groups/{group['id']}")
    assert since(before) == ["scim_group.make", "scim_group.change", "scim_group.end"]


def test_what_a_group_gives_is_on_the_record(directory: Directory) -> None:
    group = directory.group()
    before = mark()
    with transaction() as tx:
        groups.give(tx, UUID(group["id"]), role="task_owner", actor=directory.admin, context=AT_WORK)
    assert since(before) == ["scim_group.give"]
