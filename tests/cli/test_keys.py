"""`marketplace keys`: what there is, rotating it beside a running marketplace, and proposing to destroy a key."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from agencies import kept_secrets, signing
from agencies.keys import LASTING, KeyringFile, bound
from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.jobs import Job
from security.log.models import AuditPending
from tasks.models import PayloadSlot
from tests.agencies.agreeing import a_provider, an_administrator
from tests.application import token_of
from tests.builders import changed, found
from tests.cli.conftest import Terminal
from tests.cli.test_job import Operator
from tests.tasks.test_rewrapping import opened, stored, under
from workers.run import run

ROOT = Path(__file__).parents[2]


@pytest.fixture
def operator(database: Engine, keys: KeyringFile, tmp_path: Path) -> Iterator[Operator]:
    """An operator's terminal beside the marketplace's database and its keyring, this process's again afterwards."""
    environment = {
        "MARKET_HOME": str(tmp_path / "home"),
        "MARKET_DEMO": "1",
        "MARKET_DATABASE_URL": database.url.render_as_string(hide_password=False),
        "MARKET_REDIS_URL": f"unix://{tmp_path}/no-valkey.sock",
        "MARKET_SECRET_KEY": "0123456789abcdef" * 4,
        "MARKET_KEYRING": str(tmp_path / "keys" / "keyring.json"),
    }
    yield Operator(tmp_path, environment, database)
    bound.bind(keys)


def entries(act: str) -> list[Any]:
    return list(
        found(select(AuditPending.__table__).where(AuditPending.act == act).order_by(AuditPending.id))
    )


class TestList:
    def test_every_key_with_what_hangs_on_it(
        self, operator: Operator, database: Engine, keys: KeyringFile
    ) -> None:
        an_administrator("north")
        a_provider("north")
        old = keys.current("north", 2031)
        stored(old, 3)
        new = keys.renew("north", 2031)
        done = operator.type("keys", "list", "--json")
        assert done.exit_code == 0, done.output
        told = {each.pop("id"): each for each in json.loads(done.output)}
        assert all(each.pop("created") for each in told.values())
        of_year = {"agency": "north", "year": 2031, "lasting": False, "secrets": 0}
        assert told == {
            old: of_year | {"current": False, "payloads": 3},
            new: of_year | {"current": True, "payloads": 0},
            keys.current("north", LASTING): {
                "agency": "north",
                "year": None,
                "lasting": True,
                "current": True,
                "payloads": 0,
                "secrets": 1,
            },
        }

    def test_as_a_table(self, operator: Operator, database: Engine, keys: KeyringFile) -> None:
        stored(keys.current("north", 2031), 3)
        keys.current("north", LASTING)
        head, year, lasting = operator.type("keys", "list").output.splitlines()
        assert head.split() == ["KEY", "AGENCY", "YEAR", "CREATED", "CURRENT", "PAYLOADS", "SECRETS"]
        assert year.split()[1:3] + year.split()[-3:] == ["north", "2031", "yes", "3", "0"]
        assert lasting.split()[2] == "lasting"

    def test_a_key_that_is_missed_is_told(
        self, operator: Operator, database: Engine, keys: KeyringFile
    ) -> None:
        old = keys.current("north", 2031)
        stored(old, 2)
        keys.destroy(old)
        [row] = json.loads(operator.type("keys", "list", "--json").output)
        assert (row["id"], row["created"], row["payloads"]) == (old, None, 2)
        assert "gone" in operator.type("keys", "list").output

    def test_no_keys_is_a_sentence(self, operator: Operator, database: Engine) -> None:
        assert "no keys yet" in operator.type("keys", "list").output

    def test_no_secret_is_shown(self, operator: Operator, database: Engine, keys: KeyringFile) -> None:
        keys.current("north", 2031)
        ring = json.loads(Path(operator.environment["MARKET_KEYRING"]).read_bytes())["keys"]
        told = operator.type("keys", "list").output + operator.type("keys", "list", "--json").output
        assert not any(each["secret"] in told for each in ring.values())


class TestRotate:
    def test_everything_moves_to_a_new_key(
        self, operator: Operator, database: Engine, keys: KeyringFile
    ) -> None:
        north = an_administrator("north")
        a_provider("north")
        with transaction() as tx:
            signing.sign(tx, north.agency_id, "test", {})
        years = {year: keys.current("north", year) for year in (2030, 2031)}
        deks = stored(years[2030], 5) | stored(years[2031], 4)
        secrets = keys.current("north", LASTING)
        done = operator.type("keys", "rotate")
        assert done.exit_code == 0, done.output
        now = {year: keys.current("north", year) for year in (2030, 2031, LASTING)}
        assert not set(now.values()) & {*years.values(), secrets}
        assert under() == {now[2030]: 5, now[2031]: 4}
        with reading() as db:
            assert kept_secrets.hanging(db) == {now[LASTING]: 2}
        assert opened() == deks
        assert f"north 2031: new key {now[2031]}; 4 payloads moved to it." in done.output
        assert f"north lasting: new key {now[LASTING]}; 0 payloads and 2 secrets moved to it." in done.output

    def test_only_what_was_asked_for(self, operator: Operator, database: Engine, keys: KeyringFile) -> None:
        old = {
            (slug, year): keys.current(slug, year)
            for slug in ("north", "south")
            for year in (2030, 2031, LASTING)
        }
        for key_id in old.values():
            stored(key_id, 2)
        done = operator.type("keys", "rotate", "--agency", "north", "--year", "2031", "--json")
        [told] = json.loads(done.output)
        assert told == {
            "agency": "north",
            "year": 2031,
            "lasting": False,
            "key": keys.current("north", 2031),
            "new": True,
            "payloads": 2,
            "secrets": 0,
            "refused": [],
            "secrets_refused": 0,
        }
        assert {key for key in old if keys.current(*key) != old[key]} == {("north", 2031)}
        operator.type("keys", "rotate", "--agency", "south", "--year", "lasting")
        assert keys.current("south", LASTING) != old["south", LASTING]
        assert keys.current("south", 2031) == old["south", 2031]

    def test_the_record_has_the_new_key_and_the_moving(
        self, operator: Operator, database: Engine, keys: KeyringFile
    ) -> None:
        north = an_administrator("north")
        stored(keys.current("north", 2031), 5)
        operator.type("keys", "rotate")
        [made], [moved] = entries("keys.renew"), entries("keys.rotate")
        new = keys.current("north", 2031)
        for row in (made, moved):
            assert (row.object_kind, row.object_id, row.object_agency_id) == ("key", new, north.agency_id)
            assert (row.subject_id, row.channel) == (None, "cli")
        assert made.detail == {"slots": 5}
        assert moved.detail == {"moved": 5, "refused": 0}

    def test_a_slot_that_does_not_open_is_named_and_the_status_says_so(
        self, operator: Operator, database: Engine, keys: KeyringFile
    ) -> None:
        old = keys.current("north", 2031)
        broken = sorted(stored(old, 5))[2]
        changed(update(PayloadSlot).where(PayloadSlot.payload_id == broken).values(wrapped=bytes(61)))
        done = operator.type("keys", "rotate")
        assert done.exit_code == 1
        assert "1 payloads did not open" in done.output
        assert str(broken) in done.output
        assert under() == {old: 1, keys.current("north", 2031): 4}
        [told] = json.loads(operator.type("keys", "rotate", "--json").stdout)
        assert told["refused"] == [str(broken)]
        assert entries("keys.rotate")[-1].detail == {"moved": 0, "refused": 1}

    def test_a_second_rotation_makes_another_key(
        self, operator: Operator, database: Engine, keys: KeyringFile
    ) -> None:
        deks = stored(keys.current("north", 2031), 5)
        seen = {keys.current("north", 2031)}
        for _ in range(3):
            assert operator.type("keys", "rotate").exit_code == 0
            seen.add(keys.current("north", 2031))
        assert len(seen) == 4
        assert under() == {keys.current("north", 2031): 5}
        assert opened() == deks

    @pytest.mark.parametrize("words", [("--agency", "nobody"), ("--year", "2077"), ("--year", "someday")])
    def test_what_is_not_there_is_a_sentence(
        self, operator: Operator, database: Engine, keys: KeyringFile, words: tuple[str, str]
    ) -> None:
        old = keys.current("north", 2031)
        done = operator.type("keys", "rotate", *words)
        assert done.exit_code != 0
        assert "There is no such key" in done.output or "neither a year" in done.output
        assert keys.current("north", 2031) == old

    def test_killed_in_the_middle_everything_opens_and_the_next_run_goes_on(
        self, operator: Operator, database: Engine, keys: KeyringFile
    ) -> None:
        old = keys.current("north", 2031)
        deks = stored(old, 15_000)
        program = "import sys; from deploy.commands import main; sys.argv = ['marketplace', 'keys', 'rotate']; main()"
        environment = {**os.environ, **operator.environment}
        running = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, env=environment)
        until = time.monotonic() + 60
        while old in under() and len(under()) < 2 and time.monotonic() < until:
            assert running.poll() is None
        running.send_signal(signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
        new = keys.current("north", 2031)
        left = under()
        assert set(left) == {old, new}, "killed between two batches"
        assert opened() == deks
        done = operator.type("keys", "rotate")
        assert f"went on with key {new}; {left[old]:,} payloads moved" in done.output
        assert keys.current("north", 2031) == new
        assert under() == {new: 15_000}
        assert opened() == deks
        assert len(entries("keys.renew")) == 1


class TestDestroy:
    def test_one_administrator_proposes_and_another_signs(
        self, served: Terminal, database: Engine, keys: KeyringFile
    ) -> None:
        one, other = an_administrator("north"), an_administrator("north")
        key_id = keys.current("north", 2024)
        stored(key_id, 1_200)
        done = served.type("keys", "destroy", key_id, token=token_of(one))
        assert done.exit_code == 0, done.output
        first, second, third = done.output.splitlines()
        assert second == "When it is in force, 1,200 payloads become unreadable for ever."
        assert "second administrator" in third
        seen = served.type("agency", "proposals", token=token_of(other)).output
        assert f"key {key_id}: 1,200 payloads become unreadable for ever" in seen
        signed = served.type("agency", "sign", first.split()[1], token=token_of(other))
        assert "Signed and in force." in signed.output
        [job] = found(select(Job.id).where(Job.kind == "keys.destroy"))
        run(job.id)
        assert key_id not in {each.id for each in keys.listing()}

    def test_for_programs(self, served: Terminal, database: Engine, keys: KeyringFile) -> None:
        north = an_administrator("north")
        key_id = keys.current("north", 2024)
        done = served.type("keys", "destroy", key_id, "--json", token=token_of(north))
        made = json.loads(done.output)
        assert made["kind"] == "keys.destroy"
        assert made["content"] == {"key": key_id, "year": 2024, "payloads": 0}

    def test_what_is_needed_or_not_there_is_a_sentence(
        self, served: Terminal, database: Engine, keys: KeyringFile
    ) -> None:
        north = an_administrator("north")
        with reading() as db:
            current = keys.current("north", clock.now(db).year)
        needed = served.type("keys", "destroy", current, token=token_of(north))
        assert needed.exit_code == 1
        assert "This key is still needed" in needed.output
        assert served.type("keys", "destroy", "south.2024.0a1b2c3d", token=token_of(north)).exit_code == 1
        assert served.type("keys", "destroy", current).exit_code == 2
