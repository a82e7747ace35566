"""Which entries are under alert: those of open alerts of the own agency, each entry once."""

from __future__ import annotations

from uuid import UUID, uuid4

from sqlalchemy import Engine, insert, update

from agencies.oversight import spans
from agencies.oversight.models import Alert
from agencies.oversight.spans import Span
from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from security.principal import Principal, Role
from tests.builders import a_person, changed

ONE, OTHER = uuid4(), uuid4()


def alert(
    officer: Principal, about: Principal | None, first: int, last: int, kind: str = "many_views"
) -> UUID:
    alert_id = uuid4()
    with transaction() as tx:
        now = clock.now(tx)
        tx.execute(
            insert(Alert).values(
                id=alert_id, agency_id=officer.agency_id, kind=kind, about=str(alert_id),
                subject_id=about.subject_id if about else None, first_number=first, last_number=last,
                facts={}, raised_at=now, last_at=now,
            )
        )  # fmt: skip
    return alert_id


def under(officer: Principal) -> list[tuple[UUID, int, int]]:
    with reading() as db:
        found = spans.under_alert(db, officer.agency_id)
    return [(span.subject_id, span.first, span.last) for span in found]


def test_an_alert_covers_its_entries_until_it_is_closed(database: Engine) -> None:
    officer, person = a_person("north", roles=(Role.SECURITY_OFFICER,)), a_person("south")
    raised = alert(officer, person, 10, 50)
    assert under(officer) == [(person.subject_id, 10, 50)]
    changed(update(Alert).where(Alert.id == raised).values(state="taken"))
    assert under(officer) == [(person.subject_id, 10, 50)]
    changed(update(Alert).where(Alert.id == raised).values(state="closed"))
    assert under(officer) == []


def test_another_agencys_alerts_and_those_about_nobody_cover_nothing(database: Engine) -> None:
    officer, stranger = (a_person(slug, roles=(Role.SECURITY_OFFICER,)) for slug in ("north", "south"))
    alert(stranger, a_person("north"), 1, 9)
    alert(officer, None, 1, 9)
    assert under(officer) == []


def test_a_span_knows_its_entries() -> None:
    span = Span(ONE, "heron-42", 10, 20)
    assert [span.holds("heron-42", number) for number in (9, 10, 20, 21)] == [False, True, True, False]
    assert not span.holds("wren-07", 15)
    assert not span.holds(None, 15)


def test_spans_of_one_subject_that_overlap_or_touch_are_one() -> None:
    given = [
        Span(ONE, "heron-42", 30, 40), Span(ONE, "heron-42", 1, 10), Span(ONE, "heron-42", 11, 12),
        Span(ONE, "heron-42", 5, 8), Span(OTHER, "wren-07", 9, 35),
    ]  # fmt: skip
    assert spans.joined(given) == [
        Span(ONE, "heron-42", 1, 12),
        Span(ONE, "heron-42", 30, 40),
        Span(OTHER, "wren-07", 9, 35),
    ]
