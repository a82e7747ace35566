"""Saved views: a search under a name, for all officers of an agency and for nobody else."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import Engine, delete, select, update

from agencies.errors import NotPermitted
from agencies.models import RoleGrant
from agencies.oversight import views
from agencies.oversight.models import SavedView
from agencies.oversight.views import BadView, NoSuchView, TooManyViews, ViewNameTaken
from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.input import BadFields
from security.log.models import AuditPending
from security.principal import Principal, Role
from tests.builders import AT_WORK, a_person, changed, found

REFUSED = {"outcome": "refused", "period": "today"}


@pytest.fixture
def officer(database: Engine) -> Principal:
    return a_person("north", roles=(Role.SECURITY_OFFICER,))


def saved(officer: Principal, name: str = "Refused today", words: dict[str, str] = REFUSED) -> UUID:
    with transaction() as tx:
        return views.save(tx, name, words, actor=officer, context=AT_WORK)


def dropped(officer: Principal, view: UUID) -> None:
    with transaction() as tx:
        views.drop(tx, view, actor=officer, context=AT_WORK)


def listed(officer: Principal) -> dict[str, dict[str, str]]:
    with reading() as db:
        return {row.name: row.filters for row in views.listing(db, officer)}


def test_a_view_is_there_for_the_other_officers_of_the_agency(officer: Principal) -> None:
    saved(officer)
    colleague = a_person("north", roles=(Role.SECURITY_OFFICER,))
    assert listed(colleague) == {"Refused today": REFUSED}


def test_another_agency_neither_sees_nor_drops_it(officer: Principal) -> None:
    view = saved(officer)
    stranger = a_person("south", roles=(Role.SECURITY_OFFICER,))
    assert listed(stranger) == {}
    with pytest.raises(NoSuchView):
        dropped(stranger, view)
    assert listed(officer) != {}


def test_a_dropped_view_is_gone(officer: Principal) -> None:
    view = saved(officer)
    dropped(officer, view)
    assert listed(officer) == {}
    with pytest.raises(NoSuchView):
        dropped(officer, view)


def test_one_name_is_one_view_in_each_agency(officer: Principal) -> None:
    saved(officer)
    with pytest.raises(ViewNameTaken):
        saved(officer, "  Refused   today ")
    saved(a_person("south", roles=(Role.SECURITY_OFFICER,)))


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_a_view_has_a_name(officer: Principal, name: str) -> None:
    with pytest.raises(BadView) as refusal:
        saved(officer, name)
    assert list(refusal.value.facts["errors"]) == ["name"]


def test_a_name_is_storable_text(officer: Principal) -> None:
    with pytest.raises(BadFields):
        saved(officer, "a\x00b")


@pytest.mark.parametrize("words", [{}, {"label": "secret"}])
def test_a_view_searches_for_something(officer: Principal, words: dict[str, str]) -> None:
    with pytest.raises(BadView) as refusal:
        saved(officer, words=words)
    assert list(refusal.value.facts["errors"]) == ["words"]


def test_words_that_make_no_sense_are_not_kept(officer: Principal) -> None:
    saved(officer, words=REFUSED | {"label": "secret"})
    assert listed(officer) == {"Refused today": REFUSED}


def test_a_list_stays_a_list_that_can_be_read(officer: Principal) -> None:
    for number in range(views.MOST):
        saved(officer, f"View {number}")
    with pytest.raises(TooManyViews):
        saved(officer, "One more")


def test_a_role_that_ended_a_moment_ago_saves_and_drops_nothing(officer: Principal) -> None:
    view = saved(officer)
    with transaction() as tx:
        grants = RoleGrant.membership_id == officer.membership_id
        tx.execute(update(RoleGrant).where(grants).values(ended_at=clock.now(tx)))
    with pytest.raises(NotPermitted):
        saved(officer, "Another")
    with pytest.raises(NotPermitted):
        dropped(officer, view)


def test_the_record_tells_that_and_not_what_was_searched_for(officer: Principal) -> None:
    changed(delete(AuditPending))
    view = saved(officer, words={"pseudonym": "heron-42"})
    dropped(officer, view)
    rows = found(
        select(AuditPending.act, AuditPending.object_id, AuditPending.detail).order_by(AuditPending.id)
    )
    assert [tuple(row) for row in rows] == [
        ("view.save", str(view), None),
        ("view.drop", str(view), None),
    ]
    assert found(select(SavedView.id)) == []
