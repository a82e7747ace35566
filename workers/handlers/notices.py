"""Sending a notice by mail. The mail goes out before the row says so: twice is possible after a crash, never not."""

from __future__ import annotations

from uuid import UUID

from agencies import notices
from agencies.notice_mail import deliver
from marketplace.foundation.db import Tx, reading
from security.log import audit
from security.principal import JOB
from workers.handling import handles
from workers.starting import settings


def mail(notice_id: str) -> bool:
    """Deliver the mail, if there is a mail server, an address, and it was not sent before. Whether it went out."""
    with reading() as db:
        notice = notices.to_send(db, UUID(notice_id))
    if notice is None or not notice.email or not settings().mail_url:
        return False
    deliver(
        notice, mail_url=settings().mail_url, sender=settings().mail_from, public_url=settings().public_url
    )
    return True


@handles("notice.send", prepare=mail)
def send(tx: Tx, went_out: bool, notice_id: str) -> None:
    notices.mark_sent(tx, UUID(notice_id))
    if went_out:
        audit.record(tx, "notice.send", audit.Target("notice", notice_id), actor=None, context=JOB)
