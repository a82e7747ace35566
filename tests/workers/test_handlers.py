"""What the jobs of the marketplace do: settle, end what is due, send notices by mail."""

from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import Engine, select

from agencies import notices
from agencies.models import Notice
from marketplace.foundation import jobs
from marketplace.foundation.db import transaction
from marketplace.foundation.jobs import READY, Job
from marketplace.foundation.settings import Settings
from security.log.models import AuditPending
from security.principal import Principal
from tasks.models import Claim, Result
from tests.builders import a_campaign, a_claim, a_contribution, a_person, an_answer, found, lapsed, one, over
from tests.running import free_port
from workers import starting
from workers.run import run


class Mailbox:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[Message] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"


def with_mail(home: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {
        "MARKET_HOME": str(home),
        "MARKET_SECRET_KEY": "5f0c8a4be2d94c1c9a7f3b6d1e8240bb",
        "MARKET_REDIS_URL": "unix:///run/valkey/valkey.sock",
        "MARKET_PUBLIC_URL": "https://tasks.example",
    }
    if url:
        environ |= {"MARKET_MAIL_URL": url, "MARKET_MAIL_FROM": "tasks@tasks.example"}
    monkeypatch.setattr(starting, "_settings", [Settings.from_environ(environ)])


@pytest.fixture
def mailbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    box = Mailbox()
    server = Controller(box, hostname="127.0.0.1", port=free_port())
    server.start()
    with_mail(tmp_path, f"smtp://127.0.0.1:{server.port}", monkeypatch)
    yield box
    server.stop()


def waiting(kind: str) -> list[int]:
    return [row.id for row in found(select(Job.id).where(Job.kind == kind, Job.state == READY))]


def told(person: Principal) -> None:
    with transaction() as tx:
        notices.post(tx, person.person_id, "claim.lapsed", path="/work", campaign="Strikes")


class TestSettle:
    def test_the_last_answer_is_followed_by_a_result(self, database: Engine) -> None:
        a_contribution(a_campaign(items=1, redundancy=1), a_person(), "bat")
        (job_id,) = waiting("campaign.settle")
        assert run(job_id) == "done"
        assert one(select(Result.value)) == {"kind": "bat"}

    def test_doing_it_twice_changes_nothing(self, database: Engine) -> None:
        campaign, person = a_campaign(items=2, redundancy=1), a_person()
        a_contribution(campaign, person)
        run(waiting("campaign.settle")[0])
        an_answer(a_claim(campaign, person), person)
        run(waiting("campaign.settle")[0])
        assert len(found(select(Result.microtask_id))) == 2


class TestEndDue:
    def test_claims_whose_time_is_over_end(self, database: Engine) -> None:
        over(a_claim(a_campaign(), a_person()))
        with transaction() as tx:
            job_id = jobs.record(tx, "claims.end_due")
        assert job_id is not None
        run(job_id)
        assert one(select(Claim.ended)) == "lapsed"


class TestSendNotice:
    def test_goes_out_as_a_mail(self, database: Engine, mailbox: Mailbox) -> None:
        told(a_person())
        assert run(waiting("notice.send")[0]) == "done"
        assert len(mailbox.mails) == 1

    def test_leads_to_the_marketplace(self, database: Engine, mailbox: Mailbox) -> None:
        told(a_person())
        run(waiting("notice.send")[0])
        assert "https://tasks.example/work" in str(mailbox.mails[0].get_payload())

    def test_speaks_the_readers_language(self, database: Engine, mailbox: Mailbox) -> None:
        told(a_person(locale="nl"))
        run(waiting("notice.send")[0])
        assert mailbox.mails[0]["Content-Language"] == "nl"

    def test_is_on_the_record(self, database: Engine, mailbox: Mailbox) -> None:
        told(a_person())
        run(waiting("notice.send")[0])
        assert "notice.send" in [row.act for row in found(select(AuditPending.act))]

    def test_goes_out_once(self, database: Engine, mailbox: Mailbox) -> None:
        told(a_person())
        (job_id,) = waiting("notice.send")
        run(job_id)
        run(job_id)
        assert len(mailbox.mails) == 1

    def test_tells_nothing_of_the_item(self, database: Engine, mailbox: Mailbox) -> None:
        person = a_person()
        lapsed(a_claim(a_campaign(csv="entry\ncanary of the item\n", level="sensitive"), person))
        run(waiting("notice.send")[0])
        assert "canary" not in mailbox.mails[0].as_string()

    def test_without_a_mail_server_it_stays_in_the_marketplace(
        self, database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_mail(tmp_path, "", monkeypatch)
        told(a_person())
        assert run(waiting("notice.send")[0]) == "done"
        assert one(select(Notice.sent_at)) is not None

    def test_a_mail_server_that_is_away_is_tried_again(
        self, database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_mail(tmp_path, "smtp://127.0.0.1:1", monkeypatch)
        told(a_person())
        assert run(waiting("notice.send")[0]) == READY
        assert one(select(Notice.sent_at)) is None
