"""Requests to addresses that others chose go where they may, in time and in size, and nowhere else."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from marketplace.foundation import outbound
from marketplace.foundation.outbound import Reach, fetch, is_public
from tests.together import PATIENCE

HERE = Reach.listed(["127.0.0.0/8"], plain_loopback=True)
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

Speaks = Callable[[socket.socket], None]


@contextmanager
def a_server(speaks: Speaks, trust: ssl.SSLContext | None = None) -> Iterator[int]:
    """Somebody who listens on this machine and answers each caller by `speaks`; gives the port."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            try:
                line, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(line,), daemon=True).start()

    def answer(line: socket.socket) -> None:
        try:
            with trust.wrap_socket(line, server_side=True) if trust else line as each:
                each.recv(65536)
                speaks(each)
        except OSError:
            line.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        over.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def saying(words: bytes) -> Speaks:
    return lambda line: line.sendall(words)


class TestWhere:
    @pytest.mark.parametrize("address", [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "192.0.0.8", "198.18.0.1", "203.0.113.9", "::1", "::", "fe80::1", "fc00::1",
        "fd12::1", "ff02::1", "2001:db8::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::a00:1",
        "64:ff9b:1::a00:1",         "2002:a00:1::", "2002:7f00:1::1",
    ])  # fmt: skip
    def test_private_and_special_addresses_are_not_public(self, address: str) -> None:
        assert not is_public(ipaddress.ip_address(address))

    @pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07::1", "::ffff:93.184.215.14"])
    def test_addresses_of_the_internet_are(self, address: str) -> None:
        assert is_public(ipaddress.ip_address(address))

    @pytest.mark.parametrize("url", [
        "https://127.0.0.1/", "https://localhost/", "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://0x7f000001/", "https://2130706433/",
        "http://93.184.215.14/", "http://127.0.0.1/", "ftp://93.184.215.14/", "file:///etc/passwd", "//x/", "https:///x",
        "https://user@93.184.215.14/", "https://a\\@b/", "https://x y/", "https://93.184.215.14:0/", "https://[::1/",
        "https://é.example/", "gopher://127.0.0.1:6379/_FLUSHALL",
    ])  # fmt: skip
    def test_unlisted_places_are_refused_before_anybody_is_called(self, url: str) -> None:
        with pytest.raises(outbound.AddressRefused):
            fetch("GET", url, Reach())

    def test_a_listed_network_is_reached(self) -> None:
        with a_server(saying(JSON)) as port:
            assert fetch("GET", f"http://127.0.0.1:{port}/", HERE).body == b"{}"

    def test_a_listed_host_is_reached_wherever_it_is(self) -> None:
        with a_server(saying(JSON)) as port:
            reach = Reach.listed(["LOCALHOST"], plain_loopback=True)
            assert fetch("GET", f"http://localhost:{port}/", reach).status == 200

    def test_plain_http_needs_development_and_loopback(self) -> None:
        for reach in (Reach.listed(["127.0.0.0/8"]), Reach.listed(["10.0.0.0/8"], plain_loopback=True)):
            with pytest.raises(outbound.AddressRefused):
                fetch("GET", "http://127.0.0.1:9/" if not reach.plain_loopback else "http://10.0.0.1/", reach)

    def test_a_name_that_does_not_exist(self) -> None:
        with pytest.raises(outbound.NoAnswer):
            fetch("GET", "https://nobody.invalid/", Reach())

    def test_the_environment_has_no_part_in_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        with a_server(saying(JSON)) as port:
            assert fetch("GET", f"http://127.0.0.1:{port}/", HERE).status == 200


class TestWhat:
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_is_not_followed(self, status: int) -> None:
        words = f"HTTP/1.1 {status} Moved\r\nLocation: https://93.184.215.14/\r\nContent-Length: 0\r\n\r\n"
        with a_server(saying(words.encode())) as port, pytest.raises(outbound.AnswerRedirects):
            fetch("GET", f"http://127.0.0.1:{port}/", HERE)

    @pytest.mark.parametrize(
        "kind", ["text/html", "application/octet-stream", "text/json; charset=utf-8", ""]
    )
    def test_only_json_and_signed_tokens_are_taken(self, kind: str) -> None:
        words = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: 2\r\n\r\n{{}}"
        with a_server(saying(words.encode())) as port, pytest.raises(outbound.AnswerOfAnotherKind):
            fetch("GET", f"http://127.0.0.1:{port}/", HERE)

    @pytest.mark.parametrize(
        "kind", ["application/json", "Application/JSON; charset=utf-8", "application/jwt"]
    )
    def test_parameters_and_case_do_not_matter(self, kind: str) -> None:
        words = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: 2\r\n\r\n{{}}"
        with a_server(saying(words.encode())) as port:
            assert fetch("GET", f"http://127.0.0.1:{port}/", HERE).body == b"{}"

    def test_packed_answers_are_not_unpacked(self) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
        with (
            a_server(saying(head + b"Content-Length: 2\r\n\r\n\x1f\x8b")) as port,
            pytest.raises(outbound.AnswerOfAnotherKind),
        ):
            fetch("GET", f"http://127.0.0.1:{port}/", HERE)

    def test_an_error_is_handed_on_whatever_its_kind(self) -> None:
        words = b"HTTP/1.1 400 Bad\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\nno."
        with a_server(saying(words)) as port:
            assert fetch("GET", f"http://127.0.0.1:{port}/", HERE).status == 400

    @pytest.mark.parametrize("promised", ["Content-Length: 300000", "X-Length: none"])
    def test_a_huge_answer_is_dropped(self, promised: str) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{promised}\r\n\r\n"
        with a_server(saying(head.encode() + b" " * 300_000)) as port, pytest.raises(outbound.AnswerTooLarge):
            fetch("GET", f"http://127.0.0.1:{port}/", HERE)

    def test_a_head_without_end_is_dropped(self) -> None:
        def speaks(line: socket.socket) -> None:
            line.sendall(b"HTTP/1.1 200 OK\r\n")
            for number in range(20_000):
                line.sendall(f"X-{number}: {'x' * 1000}\r\n".encode())

        with a_server(speaks) as port, pytest.raises((outbound.NoAnswer, outbound.AnswerTooLarge)):
            fetch("GET", f"http://127.0.0.1:{port}/", HERE)

    def test_chunks_are_put_together(self) -> None:
        words = (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
        )
        with a_server(saying(words)) as port:
            assert fetch("GET", f"http://127.0.0.1:{port}/", HERE).body == b"{}"

    @pytest.mark.parametrize("words", [b"", b"hello", b"HTTP/1.1 abc\r\n\r\n", JSON[:-1], b"\x00" * 50])
    def test_what_is_no_answer(self, words: bytes) -> None:
        with a_server(saying(words)) as port, pytest.raises(outbound.NoAnswer):
            fetch("GET", f"http://127.0.0.1:{port}/", HERE)


class TestInTime:
    @pytest.mark.parametrize("drips", [False, True])
    def test_silence_and_dripping_end_together(self, drips: bool) -> None:
        """A caller that gave each read its own time would listen for as long as somebody drips: here, for ever."""
        over = threading.Event()

        def speaks(line: socket.socket) -> None:
            line.sendall(b"HTTP/1.1 200 OK\r\n")
            while not over.wait(0.05):
                line.sendall(b"X" if drips else b"")

        began = time.monotonic()
        with a_server(speaks) as port:
            with pytest.raises(outbound.TookTooLong):
                fetch("GET", f"http://127.0.0.1:{port}/", HERE, seconds=0.4)
            over.set()
        assert time.monotonic() - began < PATIENCE

    def test_nobody_listens(self) -> None:
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            with pytest.raises(outbound.NoAnswer):
                fetch("GET", f"http://127.0.0.1:{deaf.getsockname()[1]}/", HERE)


class TestHttps:
    """The certificate must be for the name that was asked, whatever address it led to."""

    @pytest.fixture
    def certificate(self, tmp_path: Path) -> Path:
        return a_certificate(tmp_path, "localhost")

    def test_a_trusted_name_is_reached(self, certificate: Path) -> None:
        with a_server(saying(JSON), a_server_context(certificate)) as port:
            reach = Reach.listed(["localhost"])
            trusting = Reach(
                reach.networks, reach.hosts, trust=ssl.create_default_context(cafile=certificate)
            )
            assert fetch("GET", f"https://localhost:{port}/", trusting).status == 200

    def test_another_name_is_not(self, certificate: Path) -> None:
        with a_server(saying(JSON), a_server_context(certificate)) as port:
            trust = ssl.create_default_context(cafile=certificate)
            with pytest.raises(outbound.NoAnswer):
                fetch("GET", f"https://127.0.0.1:{port}/", Reach(HERE.networks, trust=trust))

    def test_nor_somebody_the_system_does_not_know(self, certificate: Path) -> None:
        with (
            a_server(saying(JSON), a_server_context(certificate)) as port,
            pytest.raises(outbound.NoAnswer),
        ):
            fetch("GET", f"https://localhost:{port}/", Reach.listed(["localhost"]))


def a_certificate(folder: Path, name: str) -> Path:
    """A file with a key and a certificate for `name` that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file


def a_server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
