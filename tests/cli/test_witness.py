"""A witness from its making to its cosignature, as an operator types it; and what it says to a log that lies."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import delete, update

from marketplace.foundation import jobs
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.settings import Settings
from marketplace.witness import serving
from security import notes
from security.log import audit, checkpoints, sequencer, tree, witnesses
from security.log.models import AuditCheckpoint, AuditCosignature, AuditHead, AuditPending, AuditTile
from security.principal import Principal, Role
from tests.application import token_of
from tests.builders import AT_WORK, a_person, changed, found
from tests.cli.conftest import Terminal
from workers import starting
from workers.run import run

LOG = notes.signer("market.example/log", notes.LOG, bytes(range(32)))


def grow(count: int, signer: notes.Signer = LOG, actor: Principal | None = None) -> None:
    with transaction() as tx:
        for _ in range(count):
            audit.record(tx, "claim.take", actor=actor, context=AT_WORK)
    with transaction() as tx:
        while sequencer.sequence(tx):
            pass
        checkpoints.sign(tx, signer)


@pytest.fixture
def officer(served: Terminal) -> Principal:
    officer = a_person("north", roles=(Role.SECURITY_OFFICER,))
    changed(delete(AuditPending))
    grow(3)
    return officer


@pytest.fixture
def key(served: Terminal, officer: Principal) -> str:
    """A witness that was made, follows the log, and is registered; its public key."""
    made = served.type("witness", "make", witness(served), "--name", "north.example/witness")
    assert made.exit_code == 0, made.output
    log = served.type("witness", "follow", witness(served), str(LOG.verifier))
    assert log.output == "Follows market.example/log.\n"
    registered = served.type("audit", "register", made.output.strip(), token=token_of(officer))
    assert registered.output == "Registered.\n"
    grow(0)
    return made.output.strip()


def witness(terminal: Terminal) -> Path:
    return terminal.folder / "witness.json"


def visit(terminal: Terminal) -> tuple[int, str]:
    address = f"http://127.0.0.1:{terminal.environment['MARKET_PORT']}/log"
    result = terminal.type("witness", "visit", witness(terminal), address, "--allow-http-loopback")
    return result.exit_code, result.output


def cosigned() -> set[str]:
    with reading() as db:
        signed = checkpoints.latest(db)
    assert signed is not None
    return set(signed.witnessed)


class TestVisiting:
    def test_it_cosigns_what_grew_and_leaves_the_line_there(self, served: Terminal, key: str) -> None:
        for count in (0, 300, 1):
            grow(count)
            status, said = visit(served)
            assert (status, said.startswith("Cosigned ")) == (0, True), said
            assert cosigned() == {"north.example/witness"}

    def test_a_rewritten_record_is_refused(self, served: Terminal, key: str) -> None:
        visit(served)
        rewrite()
        assert visit(served) == (
            1,
            "Error: The checkpoint does not continue the one that was cosigned last.\n",
        )
        assert cosigned() == set()

    def test_a_log_with_another_key_is_refused(self, served: Terminal, key: str) -> None:
        changed(update(AuditHead).values(key=None))
        grow(5, notes.signer(LOG.name, notes.LOG, bytes(32)))
        assert visit(served) == (1, "Error: The checkpoint is not signed by the log's key.\n")

    def test_an_address_without_a_log_is_said_to_be_none(self, served: Terminal, key: str) -> None:
        result = served.type(
            "witness", "visit", witness(served), "http://127.0.0.1:9/log", "--allow-http-loopback"
        )
        assert (result.exit_code, result.output) == (1, "Error: The other service cannot be reached.\n")


class TestBeingAsked:
    @pytest.fixture(autouse=True)
    def worker(self, served: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
        environ = {"MARKET_SECRET_KEY": uuid4().hex, "MARKET_REDIS_URL": "unix:///none", "MARKET_DEMO": "1"}
        settings = Settings.from_environ(environ | {"MARKET_HOME": str(served.folder)})
        monkeypatch.setattr(starting, "_settings", [settings])

    @pytest.fixture
    def asked(self, served: Terminal, officer: Principal, key: str) -> Iterator[None]:
        with serves(witness(served)) as url:
            registered = served.type("audit", "register", key, "--at", url, token=token_of(officer))
            assert registered.exit_code == 0, registered.output
            yield

    def test_a_job_per_witness_brings_the_cosignature(self, asked: None) -> None:
        assert ask() == ["done", "done"]
        assert cosigned() == {"north.example/witness"}
        grow(20)
        ask()
        assert cosigned() == {"north.example/witness"}

    def test_a_witness_that_saw_more_than_we_know_of_names_its_size(
        self, served: Terminal, asked: None
    ) -> None:
        visit(served)
        changed(update(witnesses.AuditWitness).values(size=0))
        grow(20)
        ask()
        assert cosigned() == {"north.example/witness"}

    @pytest.mark.parametrize("lie", ["rewrite", "truncate", "fork"])
    def test_a_lie_is_refused_and_told_once(self, asked: None, lie: str) -> None:
        ask()
        {"rewrite": rewrite, "truncate": truncate, "fork": fork}[lie]()
        changed(delete(AuditPending))
        ask()
        ask()
        assert cosigned() == set()
        [told] = found(AuditPending.__table__.select().where(AuditPending.act == "witness.contradict"))
        assert told.outcome == "failed"

    def test_a_contradiction_stays_until_an_officer_took_note(
        self, served: Terminal, officer: Principal, asked: None
    ) -> None:
        ask()
        fork()
        ask()
        listed = served.type("audit", "witnesses", token=token_of(officer))
        assert "409" in listed.output
        served.type("audit", "acknowledge", "north.example/witness", token=token_of(officer))
        done = [row.act for row in found(AuditPending.__table__.select())]
        assert "witness.acknowledge" in done
        assert "409" not in served.type("audit", "witnesses", token=token_of(officer)).output

    def test_a_witness_that_is_away_changes_nothing(
        self, served: Terminal, officer: Principal, key: str
    ) -> None:
        served.type("audit", "register", key, "--at", "http://127.0.0.1:9", token=token_of(officer))
        assert ask() == ["done", "dead"]
        assert cosigned() == set()


class TestProving:
    def test_a_proof_travels_from_the_officer_to_the_auditor(
        self, served: Terminal, officer: Principal, key: str
    ) -> None:
        grow(1, actor=officer)
        visit(served)
        file = served.folder / "proof.json"
        made = served.type("audit", "prove", size() - 1, "-o", file, token=token_of(officer))
        assert made.exit_code == 0, made.output
        keys = ["--log", str(LOG.verifier), "--witness", key]
        assert served.type("audit", "verify", file, *keys).exit_code == 0
        file.write_text(file.read_text().replace("claim.take", "claim.lose"))
        assert served.type("audit", "verify", file, *keys).exit_code == 1


def ask() -> list[str]:
    """Run the job that asks every witness, and those that it leaves."""
    with transaction() as tx:
        first = jobs.record(tx, "witness.ask_all")
    outcomes = [run(first)]
    ready = found(
        jobs.Job.__table__.select().where(jobs.Job.kind == "witness.ask", jobs.Job.state == jobs.READY)
    )
    return outcomes + [run(row.id) for row in ready]


@contextmanager
def serves(file: Path) -> Iterator[str]:
    server = serving.Server(file, "127.0.0.1", 0)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def forget() -> None:
    """What somebody with the database and the log's key can do: begin the tree anew."""
    for table in (AuditTile, AuditCheckpoint, AuditCosignature):
        changed(delete(table))
    changed(update(AuditHead).values(size=0))


def size() -> int:
    return int(found(AuditHead.__table__.select())[0].size)


def anew(count: int) -> None:
    forget()
    with transaction() as tx:
        tree.grow(tx, 0, [bytes([7]) * 32] * count)
        tx.execute(update(AuditHead).values(size=count))
        checkpoints.sign(tx, LOG)


def rewrite() -> None:
    anew(size() + 10)


def truncate() -> None:
    anew(size() - 1)


def fork() -> None:
    anew(size())
