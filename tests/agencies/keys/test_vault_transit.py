"""Keys in the transit engine of Vault or OpenBao: bound slots, keys that stay there, clear trouble, no secrets."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from agencies.keys import (
    KeyServiceConfused,
    KeyServiceRefuses,
    KeyServiceSealed,
    KeyServiceUnreachable,
    KeyTrouble,
    SecretFileTooOpen,
    UnknownKey,
    VaultTransit,
)
from agencies.keys import vault_transit as module
from security.sealing.errors import SlotRefused
from tests.agencies.keys import transit

DEK = bytes(range(32))


def test_a_slot_is_the_services_own_text(vault: VaultTransit) -> None:
    assert vault.wrap(vault.current("harbour", 2031), DEK, b"aad").startswith(b"vault:v1:")


def test_keys_can_neither_be_exported_nor_backed_up_in_plain(
    vault: VaultTransit, service: transit.Service
) -> None:
    made = service.keys[vault.current("harbour", 2031)]
    of = ("type", "derived", "exportable", "allow_plaintext_backup", "deletion_allowed")
    assert [made[each] for each in of] == ["aes256-gcm96", True, False, False, False]


def test_a_slot_is_bound_also_where_the_service_leaves_associated_data_out(
    vault: VaultTransit, service: transit.Service
) -> None:
    service.knows_associated_data = False
    key_id = vault.current("harbour", 2031)
    slot = vault.wrap(key_id, DEK, b"aad")
    assert vault.unwrap(key_id, slot, b"aad") == DEK
    with pytest.raises(SlotRefused):
        vault.unwrap(key_id, slot, b"another")


def test_a_destroyed_key_does_not_come_back_by_wrapping(service: transit.Service, token_file: Path) -> None:
    service.upserts = True
    one, other = (VaultTransit(service.address, token_file, remembers=0.0) for _ in range(2))
    key_id = one.current("harbour", 2031)
    other.destroy(key_id)
    with pytest.raises(UnknownKey):
        one.wrap(key_id, DEK, b"aad")
    assert key_id not in service.keys


def test_where_the_policy_forbids_it_a_moment_of_memory_does_no_harm(
    vault: VaultTransit, service: transit.Service
) -> None:
    key_id = vault.current("harbour", 2031)
    del service.keys[key_id]
    with pytest.raises(UnknownKey):
        vault.wrap(key_id, DEK, b"aad")
    assert service.keys == {}


def test_a_destroyed_key_is_allowed_to_go_first(vault: VaultTransit, service: transit.Service) -> None:
    key_id = vault.current("harbour", 2031)
    service.seen.clear()
    vault.destroy(key_id)
    assert service.seen[:3] == [
        ("GET", f"/v1/transit/keys/{key_id}"),
        ("POST", f"/v1/transit/keys/{key_id}/config"),
        ("DELETE", f"/v1/transit/keys/{key_id}"),
    ]


def test_a_key_that_stays_is_not_called_destroyed(vault: VaultTransit, service: transit.Service) -> None:
    key_id = vault.current("harbour", 2031)
    service.answers = [(200, b'{"data":{}}'), (204, b""), (403, b'{"errors":["permission denied"]}')]
    with pytest.raises(KeyServiceRefuses):
        vault.destroy(key_id)
    service.answers = [(200, b'{"data":{}}'), (204, b""), (400, b'{"errors":["no"]}'), (200, b'{"data":{}}')]
    with pytest.raises(KeyServiceRefuses):
        vault.destroy(key_id)


def test_many_slots_take_few_calls(
    vault: VaultTransit, service: transit.Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 10)
    key_id = vault.current("harbour", 2031)
    deks = [os.urandom(32) for _ in range(25)]
    service.seen.clear()
    slots = vault.wrap_all(key_id, [(dek, b"%d" % number) for number, dek in enumerate(deks)])
    asked = [(slot, b"%d" % number) for number, slot in enumerate(slots)]
    asked[11] = (slots[11], b"moved")
    assert vault.unwrap_all(key_id, asked) == [*deks[:11], None, *deks[12:]]
    assert len(service.seen) == 6


def test_current_asks_once_and_remembers(vault: VaultTransit, service: transit.Service) -> None:
    key_id = vault.current("harbour", 2031)
    service.seen.clear()
    assert {vault.current("harbour", 2031) for _ in range(50)} == {key_id}
    assert service.seen == []


def test_keys_of_other_programs_are_left_alone(vault: VaultTransit, service: transit.Service) -> None:
    service.keys["harbour.2031.payroll"] = {"secret": bytes(32), "derived": False, "deletion_allowed": True}
    assert vault.listing() == []
    vault.destroy("harbour.2031.payroll")
    assert list(service.keys) == ["harbour.2031.payroll"]


def test_a_sealed_service_is_told_from_one_that_is_away(
    vault: VaultTransit, service: transit.Service
) -> None:
    key_id = vault.current("harbour", 2031)
    slot = vault.wrap(key_id, DEK, b"aad")
    service.sealed = True
    with pytest.raises(KeyServiceSealed):
        vault.unwrap(key_id, slot, b"aad")
    service.sealed = False
    service.answers = [(500, b'{"errors":["internal error"]}')]
    with pytest.raises(KeyServiceUnreachable) as refusal:
        vault.unwrap(key_id, slot, b"aad")
    assert refusal.value.facts == {"problem": "500"}
    assert vault.unwrap(key_id, slot, b"aad") == DEK


def test_nobody_there_is_told_at_once(token_file: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        away = VaultTransit(f"http://127.0.0.1:{unused.getsockname()[1]}", token_file)
        with pytest.raises(KeyServiceUnreachable):
            away.current("harbour", 2031)


def test_a_service_that_says_nothing_is_given_up(token_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        patient = VaultTransit(address, token_file, patience=(0.2, 0.2))
        with pytest.raises(KeyServiceUnreachable) as refusal:
            patient.current("harbour", 2031)
    assert refusal.value.facts == {"problem": "ReadTimeout"}


def test_a_token_that_is_not_taken_is_a_sentence_without_the_token(
    vault: VaultTransit, service: transit.Service, token_file: Path
) -> None:
    token_file.write_text("hvs.another-4711", encoding="ascii")
    with pytest.raises(KeyServiceRefuses, match="MARKET_VAULT_TOKEN_FILE") as refusal:
        vault.current("harbour", 2031)
    assert "4711" not in f"{refusal.value!r} {refusal.value} {refusal.value.facts} {vault!r} {vars(vault)}"


def test_a_renewed_token_is_taken_up(vault: VaultTransit, token_file: Path) -> None:
    token_file.write_text("hvs.of-yesterday", encoding="ascii")
    with pytest.raises(KeyServiceRefuses):
        vault.current("harbour", 2031)
    token_file.write_text(transit.TOKEN, encoding="ascii")
    assert vault.current("harbour", 2031)


def test_a_token_that_everybody_can_read_is_refused(vault: VaultTransit, token_file: Path) -> None:
    token_file.chmod(0o644)
    with pytest.raises(SecretFileTooOpen):
        vault.current("harbour", 2031)


def test_another_mount_is_a_sentence(service: transit.Service, token_file: Path) -> None:
    with pytest.raises(KeyServiceConfused, match="MARKET_VAULT_MOUNT"):
        VaultTransit(service.address, token_file, "elsewhere").current("harbour", 2031)


def test_a_redirect_is_not_followed_with_the_token(vault: VaultTransit, service: transit.Service) -> None:
    service.answers = [(307, b"")]
    with pytest.raises(KeyServiceConfused):
        vault.current("harbour", 2031)
    assert service.seen == []


@pytest.mark.parametrize(
    "answer",
    [
        b"not json",
        b"[]",
        b"{}",
        b'{"data":{"batch_results":[]}}',
        b'{"data":{"batch_results":[{}]}}',
        b'{"data":{"batch_results":["x"]}}',
        b'{"data":{"batch_results":[{"plaintext":"AAAA","ciphertext":"v1:x"}]}}',
        b'{"data":{"batch_results":[{"plaintext":7,"ciphertext":7}]}}',
    ],
)
def test_answers_that_make_no_sense_are_not_believed(
    vault: VaultTransit, service: transit.Service, answer: bytes
) -> None:
    key_id = vault.current("harbour", 2031)
    slot = vault.wrap(key_id, DEK, b"aad")
    for act in (vault.wrap, vault.unwrap):
        service.answers = [(200, answer)]
        with pytest.raises(KeyTrouble):
            act(key_id, DEK if act == vault.wrap else slot, b"aad")
        service.answers = []


def test_proxies_of_the_environment_have_no_part(
    vault: VaultTransit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert vault.current("harbour", 2031)


def test_a_forked_process_has_connections_of_its_own(vault: VaultTransit) -> None:
    key_id = vault.current("harbour", 2031)
    slot = vault.wrap(key_id, DEK, b"aad")
    into, out = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(out, vault.unwrap(key_id, slot, b"aad"))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(into, 100) == DEK
    assert vault.unwrap(key_id, slot, b"aad") == DEK
