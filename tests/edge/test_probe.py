"""`marketplace agency check` against a provider that misbehaves on demand, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from marketplace.cli.agency_check import check
from marketplace.edge.relying_party.probe import probe
from marketplace.foundation.outbound import Reach
from tests.edge import misbehaving
from tests.edge.misbehaving import Misbehaving

HERE = Reach.listed(["127.0.0.0/8"], plain_loopback=True)


@pytest.fixture
def provider() -> Iterator[Misbehaving]:
    with misbehaving.running() as started:
        yield started


def checked(issuer: str, *options: str) -> Result:
    return CliRunner().invoke(check, [issuer, *options])


def test_a_provider_that_is_in_order(provider: Misbehaving) -> None:
    assert [fault.code for fault in probe(provider.issuer, HERE) if fault.serious] == []
    said = checked(provider.issuer, "--allow-http-loopback")
    assert said.exit_code == 0, said.output
    assert "Sign-in can rely on this provider." in said.output


@pytest.mark.parametrize(("fault", "code"), [
    ("discovery_issuer_wrong", "discovery.issuer_wrong"), ("jwks_private", "keys.AddressRefused"),
    ("token_endpoint_plain", "discovery.endpoint_insecure"), ("keys_are_a_list", "keys.none"),
])  # fmt: skip
def test_each_fault_is_printed_with_its_remedy(provider: Misbehaving, fault: str, code: str) -> None:
    provider.faults.add(fault)
    (found,) = [each for each in probe(provider.issuer, HERE) if each.serious]
    assert found.code == code
    said = checked(provider.issuer, "--allow-http-loopback")
    assert said.exit_code == 1
    assert found.sentence in said.output
    assert found.remedy in said.output


def test_for_programs(provider: Misbehaving) -> None:
    provider.faults.add("discovery_issuer_wrong")
    said = checked(provider.issuer, "--allow-http-loopback", "--json")
    found: dict[str, Any] = json.loads(said.stdout)
    assert (said.exit_code, found["ok"], found["faults"][0]["code"]) == (1, False, "discovery.issuer_wrong")
    assert found["faults"][0]["serious"]


def test_http_on_this_machine_must_be_allowed(provider: Misbehaving) -> None:
    said = checked(provider.issuer)
    assert said.exit_code == 1
    assert "not protected by https" in said.output


@pytest.mark.parametrize(
    "issuer", ["https://nobody.invalid", "https://10.0.0.1", "nonsense", "", "https://[::1"]
)
def test_what_cannot_be_reached(issuer: str) -> None:
    said = checked(issuer)
    assert said.exit_code == 1
    assert said.output.startswith("Fault: ")
