"""`marketplace agency handling` and `agency key`: set from a terminal; keys are made there and stay there."""

from __future__ import annotations

import json
import stat
from typing import Any

import pytest

from security.sealing import base64url, keys, recovery, thumbprints
from security.sealing.recovery import Suite
from tests.agencies.agreeing import an_administrator
from tests.application import token_of
from tests.cli.conftest import Terminal


def new(terminal: Terminal, *words: str) -> Any:
    return terminal.type("agency", "key", "new", *words, "--out", str(terminal.folder / "a.key"))


def private(terminal: Terminal) -> Any:
    return json.loads((terminal.folder / "a.key").read_text())


def test_how_work_is_handled_is_shown_and_changed(served: Terminal) -> None:
    token = token_of(an_administrator("north"))
    assert "sensitive   server" in served.type("agency", "handling", "show", token=token).stdout
    words = ("--protection", "end_to_end", "--zones", "home, public", "--views", "none", "--no-watermark")
    changed = served.type("agency", "handling", "set", "restricted", *words, "--json", token=token)
    assert changed.exit_code == 0, changed.output
    row = json.loads(changed.stdout)["levels"][3]
    assert (row["protection"], row["zones"], row["views"]) == ("end_to_end", ["home", "public"], None)
    assert (row["watermark"], row["one_at_a_time"], row["idle_minutes"]) == (False, True, 5)
    nowhere = served.type("agency", "handling", "set", "restricted", "--zones", "none", "--json", token=token)
    assert json.loads(nowhere.stdout)["levels"][3]["zones"] == []


@pytest.mark.parametrize(
    "words",
    [("restricted", "--zones", "moon"), ("restricted", "--views", "many"), ("internal", "--views", "3")],
)
def test_what_cannot_be_used_is_refused(served: Terminal, words: tuple[str, ...]) -> None:
    answer = served.type("agency", "handling", "set", *words, token=token_of(an_administrator("north")))
    assert answer.exit_code != 0
    assert answer.stdout == ""


@pytest.mark.parametrize("kind", ["processing", "recovery"])
def test_a_pair_is_made_here_and_its_private_half_stays(terminal: Terminal, kind: str) -> None:
    made = new(terminal, "--kind", kind)
    assert made.exit_code == 0, made.output
    assert stat.S_IMODE((terminal.folder / "a.key").stat().st_mode) == 0o600
    pair = keys.read_private(private(terminal))
    assert json.loads(made.stdout) == keys.public_jwk(pair)
    assert private(terminal)["d"] not in made.output
    if kind == "processing":
        assert f"Name of the key: {thumbprints.of(json.loads(made.stdout))}" in made.stderr


def test_a_hybrid_recovery_key_opens_what_is_sealed_to_it(terminal: Terminal) -> None:
    made = new(terminal, "--kind", "recovery", "--suite", "mlkem768_x25519")
    secret = recovery.PrivateKey(Suite.HYBRID, base64url.decoded(private(terminal)["seed"]))
    public = recovery.PublicKey(Suite.HYBRID, base64url.decoded(json.loads(made.stdout)["raw"]))
    assert public == secret.public
    assert f"Name of the key: {public.key_id}" in made.stderr
    assert private(terminal)["seed"] not in made.output


def test_browsers_must_be_able_to_seal_to_the_online_key(terminal: Terminal) -> None:
    made = new(terminal, "--kind", "processing", "--suite", "mlkem768_x25519")
    assert made.exit_code == 2
    assert not (terminal.folder / "a.key").exists()


def test_a_key_is_not_written_over_another(terminal: Terminal) -> None:
    new(terminal, "--kind", "recovery")
    first = private(terminal)
    again = new(terminal, "--kind", "recovery")
    assert (again.exit_code, private(terminal)) == (1, first)
    assert "is there already" in again.stderr


@pytest.mark.parametrize("suite", ["p256", "mlkem768_x25519"])
def test_a_key_is_registered_listed_and_ended(served: Terminal, suite: str) -> None:
    token = token_of(an_administrator("north"))
    made = new(served, "--kind", "recovery", "--suite", suite)
    name = made.stderr.split("Name of the key: ")[1].split()[0]
    file = served.write("a.pub", made.stdout)
    registered = served.type("agency", "key", "register", str(file), "--kind", "recovery", token=token)
    assert registered.exit_code == 0, registered.output
    assert f"recovery  {suite}" in registered.stdout
    assert name in registered.stdout
    ended = served.type("agency", "key", "end", name, "--json", token=token)
    [row] = json.loads(ended.stdout)["keys"]
    assert (row["key_id"], row["ended_at"] is not None) == (name, True)


def test_a_private_half_is_not_sent_in_its_place(served: Terminal) -> None:
    new(served, "--kind", "recovery")
    words = ("agency", "key", "register", str(served.folder / "a.key"), "--kind", "recovery")
    answer = served.type(*words, token=token_of(an_administrator("north")))
    assert answer.exit_code != 0
    assert "This is the private half. It was not sent" in answer.stderr
    listed = served.type("agency", "key", "list", token=token_of(an_administrator("north")))
    assert "None yet." in listed.stdout
