"""Access reviews by forms alone: opened, decided by administrators and officers, closed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update

from agencies import memberships
from agencies.models import RoleGrant
from agencies.oversight.models import AccessReview, AccessReviewItem
from marketplace.foundation.db import reading, transaction
from tests.builders import a_person
from tests.web.stage import Stage
from tests.web.test_claims import english, form_of

LIST = "/record/reviews"


@pytest.fixture(autouse=True)
def _none_left(stage: Stage) -> None:
    with transaction() as tx:
        tx.execute(delete(AccessReviewItem))
        tx.execute(delete(AccessReview))


def page_of(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.status_code
    return answer.get_data(as_text=True)


def in_days(days: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


def opened(client: FlaskClient) -> str:
    answer = client.post(LIST, data=form_of(page_of(client, LIST), LIST) | {"due": in_days(30)})
    assert answer.status_code == 303
    return str(answer.location)


def fields(page: str) -> list[str]:
    """The names of the rows that this reader decides."""
    return sorted(set(re.findall(r'type="radio" name="(item-[^"]+)"', page)))


def sent(client: FlaskClient, review: str, choices: dict[str, str]) -> Any:
    hidden = form_of(page_of(client, review), "/decisions")
    return client.post(f"{review}/decisions", data=hidden | choices)


def test_an_administrator_opens_one_under_people(stage: Stage) -> None:
    admin = english(stage, "felix")
    assert f'href="{LIST}"' in page_of(admin, "/agency/people")
    assert "No review was opened so far." in page_of(admin, LIST)
    review = opened(admin)
    page = page_of(admin, review)
    assert stage.person("karim").name in page
    assert "Contributor" in page
    assert f'href="{review}"' in page_of(admin, LIST)
    assert "Open the review" not in page_of(admin, LIST)


def test_an_officer_finds_it_under_the_record(stage: Stage) -> None:
    officer = english(stage, "haas")
    assert f'href="{LIST}"' in page_of(officer, "/record")
    page = page_of(officer, opened(officer))
    assert re.findall(r'<a [^>]*aria-current="true"[^>]*>([^<]+)', page) == ["Record"]


def test_names_stand_there_and_no_pseudonym(stage: Stage) -> None:
    officer = english(stage, "haas")
    main = page_of(officer, opened(officer)).partition("<main")[2]
    assert stage.person("karim").name in main
    assert "pseudonym" not in main


def test_several_things_are_decided_at_once(stage: Stage) -> None:
    admin, officer = english(stage, "felix"), english(stage, "haas")
    review = opened(admin)
    roles, clearances = fields(page_of(admin, review)), fields(page_of(officer, review))
    assert roles
    assert clearances
    assert not set(roles) & set(clearances)
    choices = dict.fromkeys(roles, "kept") | {roles[0]: ""}
    assert sent(admin, review, choices).status_code == 303
    assert fields(page_of(admin, review)) == [roles[0]]
    assert sent(officer, review, dict.fromkeys(clearances, "kept")).status_code == 303
    assert fields(page_of(officer, review)) == []


def test_what_is_revoked_ends(stage: Stage) -> None:
    newcomer = a_person(stage.person("felix").agency_slug, name="Zoë Last")
    admin = english(stage, "felix")
    review = opened(admin)
    with reading() as db:
        item = db.scalar(
            select(AccessReviewItem.id)
            .join(RoleGrant, RoleGrant.id == AccessReviewItem.grant_id)
            .where(RoleGrant.membership_id == newcomer.membership_id)
        )
    assert sent(admin, review, {f"item-{item}": "revoked"}).status_code == 303
    with reading() as db:
        assert memberships.roles_of(db, newcomer.membership_id) == frozenset()
    assert "Revoked" in page_of(admin, review)


def test_nobody_decides_about_their_own(stage: Stage) -> None:
    admin = english(stage, "felix")
    review = opened(admin)
    with reading() as db:
        own = db.scalar(
            select(AccessReviewItem.id).where(
                AccessReviewItem.membership_id == stage.person("felix").membership_id,
                AccessReviewItem.held == "agency_admin",
            )
        )
    answer = sent(admin, review, {f"item-{own}": "revoked"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert f'href="#item-{own}">Nobody decides about their own. A colleague does.</a>' in page
    assert f'id="item-{own}-error"' in page
    assert f'name="item-{own}" value="revoked" checked' in page


def test_nothing_chosen_changes_nothing(stage: Stage) -> None:
    admin = english(stage, "felix")
    review = opened(admin)
    before = fields(page_of(admin, review))
    answer = sent(admin, review, {})
    assert answer.status_code == 422
    assert "Choose at least one decision." in answer.get_data(as_text=True)
    assert fields(page_of(admin, review)) == before


@pytest.mark.parametrize("due", ["", "soon", "2001-01-01"])
def test_what_was_typed_stays_beside_what_is_wrong(stage: Stage, due: str) -> None:
    admin = english(stage, "felix")
    answer = admin.post(LIST, data=form_of(page_of(admin, LIST), LIST) | {"due": due})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'id="due-error"' in page
    assert f'value="{due}"' in page


def test_it_is_closed_when_nothing_is_left(stage: Stage) -> None:
    admin = english(stage, "felix")
    review = opened(admin)
    assert "Close the review" not in page_of(admin, review)
    with transaction() as tx:
        tx.execute(update(AccessReviewItem).values(decision="kept"))
    page = page_of(admin, review)
    assert admin.post(f"{review}/close", data=form_of(page, "/close")).status_code == 303
    assert "Closed on" in page_of(admin, review)


def test_another_agency_finds_nothing(stage: Stage) -> None:
    review = opened(english(stage, "felix"))
    assert english(stage, "greta").get(review).status_code == 404
    assert review not in page_of(english(stage, "bram"), LIST)


def test_who_reviews_nothing_has_no_such_page(stage: Stage) -> None:
    for login in ("maja", "jan"):
        assert english(stage, login).get(LIST).status_code == 403
