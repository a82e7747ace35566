"""The record for an agency's own systems: resumable, at least once, over TLS to a receiver that really listens."""

from __future__ import annotations

import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import delete

from marketplace.foundation.db import transaction
from security.log import audit, sequencer
from security.log.models import AuditPending
from security.principal import Principal, Role
from tests.application import token_of
from tests.builders import AT_WORK, a_person, changed
from tests.cli.conftest import Terminal


class Receiver:
    """A syslog receiver over TLS with a certificate of its own; `messages` are what it read, frame by frame."""

    def __init__(self, folder: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
        now = datetime.now(UTC)
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        signed = made.add_extension(address, False).add_extension(x509.BasicConstraints(True, None), True)
        certificate = signed.sign(key, hashes.SHA256())
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        private = folder / "key.pem"
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        self.trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.trust.load_cert_chain(self.ca, private)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.messages: list[str] = []
        self.breaks = False
        """Hang up in the middle of the next delivery."""
        self.thread = threading.Thread(target=self._listen)
        self.thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.listener.getsockname()[1]}"

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()

    def _listen(self) -> None:
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            with plain:
                self._take(plain)

    def _take(self, plain: socket.socket) -> None:
        try:
            with self.trust.wrap_socket(plain, server_side=True) as line:
                if self.breaks:
                    self.breaks = False
                    line.recv(10)
                    return
                read = b""
                while more := line.recv(65536):
                    read += more
                line.unwrap()
        except OSError:
            return
        while read:
            length, _, read = read.partition(b" ")
            self.messages.append(read[: int(length)].decode())
            read = read[int(length) :]


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    made = Receiver(tmp_path)
    yield made
    made.close()


@pytest.fixture
def officer(served: Terminal) -> Principal:
    officer, other = a_person("north", roles=(Role.SECURITY_OFFICER,)), a_person("south")
    changed(delete(AuditPending))
    for actor in (officer, other, officer):
        act(actor)
    return officer


def act(actor: Principal, count: int = 1) -> None:
    with transaction() as tx:
        for _ in range(count):
            audit.record(tx, "claim.take", actor=actor, context=AT_WORK)
        sequencer.sequence(tx)


def export(terminal: Terminal, officer: Principal, *more: object) -> str:
    result = terminal.type("audit", "export", *more, token=token_of(officer))
    assert result.exit_code == 0, result.output
    act(officer, 0)
    return result.output


def numbers(lines: str) -> list[int]:
    return [int(json.loads(line)["metadata"]["uid"]) for line in lines.splitlines()]


def test_an_agency_gets_what_concerns_it(served: Terminal, officer: Principal) -> None:
    assert numbers(export(served, officer))[:2] == [0, 2]


def test_the_next_call_goes_on_where_the_last_one_ended(served: Terminal, officer: Principal) -> None:
    cursor = ["--cursor", served.folder / "record.cursor"]
    first = numbers(export(served, officer, *cursor))
    act(officer, 2)
    second = numbers(export(served, officer, *cursor))
    assert first[:2] == [0, 2]
    assert set(first).isdisjoint(second)
    assert len(second) >= 2


def test_following_does_not_feed_itself(served: Terminal, officer: Principal) -> None:
    cursor = ["--cursor", served.folder / "record.cursor"]
    token = token_of(officer)
    act(officer, 0)
    for _ in range(3):
        last = served.type("audit", "export", *cursor, token=token).output
        act(officer, 0)
    assert last == ""


@pytest.mark.parametrize("kind", ["ocsf", "ecs", "cef", "syslog"])
def test_every_format_is_a_line_per_entry(served: Terminal, officer: Principal, kind: str) -> None:
    lines = export(served, officer, "--format", kind).splitlines()
    assert len(lines) >= 2
    assert all("claim.take" in line for line in lines[:2])


def test_a_receiver_gets_whole_messages_over_tls(
    served: Terminal, officer: Principal, receiver: Receiver
) -> None:
    export(served, officer, "--format", "syslog", "--to", receiver.address, "--ca", receiver.ca)
    assert [message[:7] for message in receiver.messages[:2]] == ["<110>1 ", "<110>1 "]
    assert json.loads(receiver.messages[0].partition("\ufeff")[2])["activity_name"] == "claim.take"


def test_what_a_receiver_lost_is_sent_again(served: Terminal, officer: Principal, receiver: Receiver) -> None:
    given = ["--cursor", served.folder / "record.cursor", "--to", receiver.address, "--ca", receiver.ca]
    receiver.breaks = True
    broken = served.type("audit", "export", *given, token=token_of(officer))
    assert broken.exit_code == 1
    assert "They will be sent again." in broken.output
    export(served, officer, *given)
    assert numbers("\n".join(receiver.messages))[:2] == [0, 2]


def test_a_receiver_that_nobody_vouches_for_gets_nothing(
    served: Terminal, officer: Principal, receiver: Receiver
) -> None:
    result = served.type("audit", "export", "--to", receiver.address, token=token_of(officer))
    assert (result.exit_code, receiver.messages) == (1, [])


def test_a_cursor_that_is_none_is_said_to_be_none(served: Terminal, officer: Principal) -> None:
    cursor = served.write("record.cursor", "what")
    result = served.type("audit", "export", "--cursor", cursor, token=token_of(officer))
    assert "is not a cursor" in result.output
