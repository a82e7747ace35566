"""`marketplace device`: key files that only their owner reads, one's own devices, and an agency's watch."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from uuid import uuid4

import click
import pytest

from agencies import device_keys
from agencies.device_keys import offering
from marketplace.cli import device_file
from marketplace.foundation.db import transaction
from security.log.sequencer import sequence
from security.principal import Principal, Role
from tests.application import token_of
from tests.builders import AT_WORK, a_person
from tests.cli.conftest import Terminal
from tests.device_keys import Device, a_device


def numbered() -> None:
    with transaction() as tx:
        sequence(tx)


def printed(output: str) -> list[tuple[str, str]]:
    events = [json.loads(line) for line in output.splitlines()]
    return [(event["event"], event["thumbprint"]) for event in events]


def removed(person: Principal, device: Device) -> None:
    with transaction() as tx:
        assert device.id is not None
        device_keys.revoke(tx, device.id, actor=person, context=AT_WORK)


class TestNew:
    def test_makes_a_file_for_its_owner_alone_and_prints_what_the_page_takes(
        self, terminal: Terminal
    ) -> None:
        file = terminal.folder / "device.json"
        before = os.umask(0)
        try:
            result = terminal.type("device", "new", "--out", str(file))
        finally:
            os.umask(before)
        assert result.exit_code == 0
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        offered = offering.read("program", "Import", result.output)
        kept = device_file.read(file)
        assert (kept.thumbprint, kept.line) == (offered.thumbprint, result.output.strip())

    def test_prints_nothing_private(self, terminal: Terminal) -> None:
        file = terminal.folder / "device.json"
        output = terminal.type("device", "new", "--out", str(file)).output
        private = json.loads(file.read_text())
        assert '"d"' not in output
        assert not any(private[half]["d"] in output for half in ("encryption", "signing"))

    def test_never_writes_over_a_file(self, terminal: Terminal) -> None:
        file = terminal.write("device.json", "kept")
        link = terminal.folder / "link.json"
        link.symlink_to(terminal.folder / "elsewhere.json")
        for place in (file, link):
            assert terminal.type("device", "new", "--out", str(place)).exit_code == 1
        assert file.read_text() == "kept"
        assert not (terminal.folder / "elsewhere.json").exists()


class TestFile:
    def test_that_others_may_read_is_not_used(self, tmp_path: Path) -> None:
        file = tmp_path / "device.json"
        device_file.make(file)
        file.chmod(0o640)
        with pytest.raises(click.ClickException, match="chmod 600"):
            device_file.read(file)

    @pytest.mark.parametrize("content", ["", "{}", "[]", '{"format":"other"}', "\x00"])
    def test_that_is_something_else_is_told_so(self, tmp_path: Path, content: str) -> None:
        file = tmp_path / "device.json"
        file.write_text(content)
        file.chmod(0o600)
        with pytest.raises(click.ClickException, match="not the key file"):
            device_file.read(file)

    def test_that_is_not_there_is_told_so(self, tmp_path: Path) -> None:
        with pytest.raises(click.ClickException, match="cannot be read"):
            device_file.read(tmp_path / "device.json")


class TestList:
    def test_is_ones_own_and_removes(self, served: Terminal) -> None:
        person = a_person("north")
        device, token = a_device(person, name="Import"), token_of(person)
        a_device(a_person("north"), name="Somebody’s")
        output = served.type("device", "list", token=token).output
        assert "Import" in output
        assert "Somebody" not in output
        assert served.type("device", "remove", str(device.id), token=token).output == "Removed.\n"
        (row,) = json.loads(served.type("device", "list", "--json", token=token).output)
        assert (row["live"], row["thumbprint"]) == (False, device.thumbprint)

    def test_is_named_by_its_thumbprint_too(self, served: Terminal) -> None:
        person = a_person("north")
        device, token = a_device(person), token_of(person)
        assert served.type("device", "remove", device.thumbprint, token=token).output == "Removed.\n"
        said = served.type("device", "remove", "A" * 43, token=token)
        assert (said.exit_code, "no such device" in said.output) == (1, True)

    def test_knows_nobody_elses(self, served: Terminal) -> None:
        device = a_device(a_person("north"))
        token = token_of(a_person("north"))
        said = [served.type("device", "remove", str(each), token=token) for each in (device.id, uuid4())]
        assert [result.exit_code for result in said] == [1, 1]
        assert all("no such device" in result.output for result in said)

    def test_of_nothing_says_so(self, served: Terminal) -> None:
        assert "no device" in served.type("device", "list", token=token_of(a_person())).output


class TestWatch:
    def test_prints_each_event_once_and_goes_on_where_it_ended(self, served: Terminal) -> None:
        person, officer = a_person("north"), a_person("north", roles=(Role.SECURITY_OFFICER,))
        first, token = a_device(person), token_of(officer)
        numbered()
        cursor = ("--cursor", str(served.folder / "devices.cursor"))
        watched = served.type("device", "watch", *cursor, token=token)
        assert printed(watched.output) == [("enrolled", first.thumbprint)]
        assert served.type("device", "watch", *cursor, token=token).output == ""
        second = a_device(person)
        removed(person, first)
        numbered()
        watched = served.type("device", "watch", *cursor, token=token)
        assert printed(watched.output) == [("enrolled", second.thumbprint), ("revoked", first.thumbprint)]

    def test_names_the_sign_in_and_nobody(self, served: Terminal) -> None:
        person, officer = a_person("north", name="Lena"), a_person("north", roles=(Role.SECURITY_OFFICER,))
        device = a_device(person, name="Lena’s laptop")
        numbered()
        output = served.type("device", "watch", token=token_of(officer)).output
        event = json.loads(output)
        assert event["nonce"] == device.offered.nonce
        assert "Lena" not in output
        assert str(person.subject_id) not in output
        assert event["enrolled_entry"] == event["entry"]

    def test_is_for_officers_of_that_agency(self, served: Terminal) -> None:
        a_device(a_person("north"))
        numbered()
        assert served.type("device", "watch", token=token_of(a_person("north"))).exit_code == 1
        stranger = token_of(a_person("south", roles=(Role.SECURITY_OFFICER,)))
        assert served.type("device", "watch", token=stranger).output == ""

    def test_refuses_a_broken_cursor(self, served: Terminal) -> None:
        officer = a_person("north", roles=(Role.SECURITY_OFFICER,))
        cursor = served.write("devices.cursor", "nonsense")
        result = served.type("device", "watch", "--cursor", str(cursor), token=token_of(officer))
        assert (result.exit_code, "not a cursor" in result.output) == (1, True)
