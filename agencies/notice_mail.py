"""A notice as a mail: plain text in the reader's language, a link, nothing of the content."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

from agencies.notice_words import sentence
from marketplace.foundation.catalogues import catalogue

TIMEOUT = 15.0
"""Seconds for the mail server to answer; the job is tried again later."""


def deliver(notice: Any, *, mail_url: str, sender: str, public_url: str) -> None:
    """Hand one notice (a row of `notices.to_send`) to the mail server. Raises OSError or SMTPException."""
    server = urlsplit(mail_url)
    with smtplib.SMTP(server.hostname or "localhost", server.port or 25, timeout=TIMEOUT) as smtp:
        smtp.send_message(written(notice, sender=sender, public_url=public_url))


def written(notice: Any, *, sender: str, public_url: str) -> EmailMessage:
    """The mail. Its Message-ID follows from the notice, so that a repeat after a crash is known as one."""
    says = sentence(notice.kind, notice.args, catalogue(notice.locale).gettext)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, notice.email, " ".join(says.split())
    mail["Message-ID"] = f"<notice-{notice.id}@{urlsplit(public_url).hostname}>"
    mail.set_content(f"{says}\n\n{public_url}{notice.path}\n")
    mail["Content-Language"] = notice.locale  # after the content, which takes such headers away
    return mail
