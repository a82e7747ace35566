"""What is sensitive lies sealed: unique words in an item, a draft, an answer and a result are looked for wherever the
marketplace writes, and found nowhere: database, job and idempotency rows, Valkey's files, temporary files, logs.

Programs of people work here with keys of their own, as browsers do. What a process has in its memory is not looked
through: at the level *server-sealed* content is there while it is checked. What is sealed end to end is never there: no
key to it lies with the marketplace, and everything that opens it here is the programs' own.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from marketplace.cli import sealed as sealing
from security.canonical import canonical_bytes
from security.sealing import Header, SlotPurpose, base64url
from tests import end_to_end, on_device
from tests.builders import a_form, a_spec
from tests.device_keys import write_file
from tests.journeys.person import Person
from tests.journeys.program import Program, sealed_end_to_end
from tests.running import PATIENCE, Running, eventually

pytestmark = pytest.mark.xdist_group("marketplace")


def a_word() -> str:
    return "canary" + secrets.token_hex(8)


def files_of(marketplace: Running) -> Iterator[tuple[Path, bytes]]:
    """Every file that the marketplace may have written, with what is in it.

    It goes on working meanwhile: drafts are renamed and temporary files deleted. What is gone when it is read keeps
    nothing; what a process still holds open of it is looked through in `opened_handles_of`.
    """
    for top in (marketplace.home, Path(marketplace.environment["TMPDIR"])):
        for folder, _, names in os.walk(top):
            for path in (Path(folder, name) for name in names):
                with suppress(FileNotFoundError):
                    if path.is_file():
                        yield path, path.read_bytes()


def found_in(marketplace: Running, word: str) -> list[str]:
    needles = (word.encode(), word.encode("utf-16-le"), word.encode().hex().encode())
    files = files_of(marketplace)
    return [str(path) for path, content in files if any(needle in content for needle in needles)]


def opened_handles_of(marketplace: Running, word: str) -> list[str]:
    """Deleted files that a process still holds open keep their content too."""
    return handles_with(word, (process.pid for process in marketplace.processes()))


def handles_with(word: str, pids: Iterable[int]) -> list[str]:
    found = []
    for pid in pids:
        for handle in _handles(pid):
            try:
                if handle.is_file() and word.encode() in handle.read_bytes():
                    found.append(f"{pid}: {handle.resolve()}")
            except OSError:
                continue  # sockets, pipes, and what was closed meanwhile
    return found


def _handles(pid: int) -> list[Path]:
    """What a process has open; nothing of one that ended."""
    folder = Path(f"/proc/{pid}/fd")
    try:
        return [folder / name for name in os.listdir(folder)]
    except FileNotFoundError:
        return []


def tables_with(marketplace: Running, word: str) -> set[str]:
    """The tables in whose cells a word stands."""
    database = sqlite3.connect(f"file:{marketplace.home / 'market.db'}?mode=ro", uri=True)
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    told = {
        name
        for name in tables
        for row in database.execute(f'SELECT * FROM "{name}"')
        if any(word.encode() in (cell if isinstance(cell, bytes) else str(cell).encode()) for cell in row)
    }
    database.close()
    return told


def a_draft(marketplace: Running, program: Program, agency: str, claim: str, note: str) -> None:
    """What a browser saves every few seconds: the person's draft, sealed to their device."""
    sealed = program.get(f"/claims/{claim}/payload", device=program.device.thumbprint)["sealed"]["draft"]
    header = Header.from_bytes(canonical_bytes(sealed["header"]))
    to = {each["thumbprint"]: each["public_key"] for each in sealed["devices"]}
    made = on_device.sealed(program.device, header, f'{{"note": "{note}"}}'.encode(), to, SlotPurpose.DEVICE)
    slots = {slot.key_id: slot.wrapped.decode() for slot in made.slots}
    person = Person(marketplace.url)
    person.sign_in(agency, program.login)
    page = person.open(f"/claims/{claim}")
    given = {
        "csrf_token": page.form("/release").values["csrf_token"],
        "envelope": base64url.encoded(made.envelope),
        "slots": canonical_bytes(slots).decode(),
        "signature": base64url.encoded(made.signature),
        "signer": made.signer,
    }
    saved = person.browser.post(f"{marketplace.url}/claims/{claim}/draft", data=given, timeout=PATIENCE)
    assert saved.status_code == 204, saved.text


def test_canaries_are_found_nowhere_while_sealed_work_is_done_and_after_it_is_shredded(
    marketplace: Running,
) -> None:
    item, value, note, ruined, drafted = a_word(), a_word()[:20], a_word(), a_word(), a_word()
    form = a_form()
    form["questions"][0]["options"].append({"value": value, "label": "The canary"})
    owner = Program(marketplace, "ines")
    spec = a_spec(name="Canaries", title="Which bird sings?", level="sensitive", contributions=2, form=form)
    csv = f"entry\nthe song of {item}\nanother song of {item}\n"
    campaign = owner.post_campaign(spec, csv)

    people = [Program(marketplace, login) for login in ("maja", "karim")]
    for person in people:
        claim = person.claim(campaign)
        assert item in person.item(claim)["entry"]
        bad = person.submit(claim, kind=value, note=note, **{ruined: "no such question"})
        assert bad.status_code == 422
        assert person.submit(claim, kind=value, note=note).status_code == 201
    waiting = people[0].claim(campaign)
    a_draft(marketplace, people[0], "digital-service", waiting, drafted)

    rows = eventually(lambda: owner.get(f"/campaigns/{campaign}/results")["rows"], "the canary settles")
    result = owner.result(campaign, rows[0]["microtask_id"])
    assert (result["value"]["kind"], result["trace"][0]["note"]) == (value, note)
    exported = owner.http.get(f"{owner.url}/campaigns/{campaign}/results.csv", timeout=PATIENCE).text
    assert item in exported
    found_nowhere(marketplace, value, item, note, ruined, drafted)

    assert owner.post(f"/campaigns/{campaign}/shred").status_code == 200
    eventually(lambda: owner.get(f"/campaigns/{campaign}")["shredded_on"], "the canary is shredded")
    path = f"{owner.url}/campaigns/{campaign}/results"
    device = {"device": owner.device.thumbprint}
    gone = owner.http.get(f"{path}/{rows[0]['microtask_id']}", params=device, timeout=PATIENCE)
    assert (gone.status_code, gone.json()["type"]) == (410, "/problems/shredded")
    [row] = owner.get(f"/campaigns/{campaign}/results")["rows"]
    assert {name: row[name] for name in row if name != "shredded_on"} == {
        name: rows[0][name] for name in rows[0] if name != "shredded_on"
    }
    assert people[0].get(f"/claims/{waiting}")["ended"] == "given_back"
    assert item not in owner.http.get(f"{path}.csv", timeout=PATIENCE).text
    found_nowhere(marketplace, value, item, note, ruined, drafted)
    told = eventually(
        lambda: tables_with(marketplace, "payload.shred") & {"audit_entry"}, "it is on the record"
    )
    assert told


def found_nowhere(marketplace: Running, value: str, *words: str) -> None:
    for word in words:
        assert found_in(marketplace, word) == []
        assert opened_handles_of(marketplace, word) == []
    # The name of an option is part of the form; whether somebody chose it is what must not be readable.
    assert tables_with(marketplace, value) == {"campaign"}


def test_end_to_end_canaries_are_found_nowhere_and_the_marketplace_has_no_key_to_them(
    marketplace: Running, tmp_path: Path
) -> None:
    item, value, note, drafted = a_word(), a_word()[:20], a_word(), a_word()
    form = a_form()
    form["questions"][0]["options"].append({"value": value, "label": "The canary"})
    spec = a_spec(name="Birds", title="Which bird sings?", level="sensitive", contributions=1, form=form)
    owner, person = Program(marketplace, "ines"), Program(marketplace, "karim")
    signer = owner.device.file
    with sealed_end_to_end(marketplace):
        prepared = owner.post("/campaigns/sealed/check", {"spec": spec}).json()
        rows = [{"entry": f"the song of {item}"}, {"entry": f"another song of {item}"}]
        posted = owner.post("/campaigns/sealed", end_to_end.posting_of(prepared, rows, signer))
    campaign = owner.opened_by_approver(posted)

    claim = person.claim(campaign)
    give_key(owner, person, campaign, claim)
    assert item in person.item(claim)["entry"]
    a_draft(marketplace, person, "civil-aviation", claim, drafted)
    found_nowhere(marketplace, value, item, drafted)
    assert person.submit(claim, kind=value, note=note).status_code == 201
    waiting = person.claim(campaign)
    give_key(owner, person, campaign, waiting)
    a_draft(marketplace, person, "civil-aviation", waiting, drafted)

    file, results = tmp_path / "device.json", tmp_path / "results.csv"
    write_file(owner.device, file)
    mine = ("--device", str(file))
    settled = marketplace.command("campaign", "settle", campaign, *mine, login="ines").stdout
    assert settled == "1 item settled\n"
    marketplace.command("campaign", "export", campaign, *mine, "--out", str(results), login="ines")
    read = results.read_text(encoding="utf-8")
    assert (item in read, value in read) == (True, True)
    found_nowhere(marketplace, value, item, note, drafted)
    assert slots_of(marketplace, campaign) == {"campaign", "device"}


def give_key(owner: Program, person: Program, campaign: str, claim: str) -> None:
    """The person's device asks for the key to its item; once a witness has seen that, the owner's program gives it."""
    asked = person.get(f"/claims/{claim}/payload", device=person.device.thumbprint)
    assert asked["sealed"]["item"] is None
    path, holder = f"/campaigns/{campaign}/key-requests", owner.device.thumbprint

    def waiting() -> Any:
        desk = owner.get(path, holder=holder)
        return next(((desk, each) for each in desk["requests"] if each["claim"] == claim), None)

    desk, request = eventually(waiting, "a witness has seen the request")
    private = sealing.campaign_key(desk["key"], sealing.holder_of(owner.device.file), UUID(campaign)).private
    given = owner.post(f"{path}/release", end_to_end.a_key_given(request, private, holder))
    assert given.status_code == 200, given.text


def slots_of(marketplace: Running, campaign: str) -> set[str]:
    """The kinds of slots that there are to anything of a campaign."""
    database = sqlite3.connect(f"file:{marketplace.home / 'market.db'}?mode=ro", uri=True)
    chosen = (
        "SELECT kind FROM payload_slot JOIN payload ON payload.id = payload_id WHERE instr(header, ?) > 0"
    )
    kinds = {kind for (kind,) in database.execute(chosen, [f'"campaign":"{campaign}"'.encode()])}
    database.close()
    return kinds


class TestTheSearchItself:
    """The control: what is not sealed is found, wherever it may be."""

    def test_finds_what_lies_open_in_the_database(self, marketplace: Running) -> None:
        word = a_word()
        owner = Program(marketplace, "ines")
        posted = owner.post("/campaigns", {"spec": a_spec(level="internal"), "csv": f"entry\n{word}\n"})
        assert posted.status_code == 201, posted.text
        assert any("market.db" in path for path in found_in(marketplace, word))
        assert tables_with(marketplace, word) == {"microtask"}

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
    def test_finds_what_lies_in_a_temporary_file_or_a_log(self, marketplace: Running, encoding: str) -> None:
        for folder in (Path(marketplace.environment["TMPDIR"]), marketplace.home):
            word = a_word()
            file = folder / "left-behind"
            file.write_bytes(b"before " + word.encode(encoding) + b" after")
            assert found_in(marketplace, word) == [str(file)]
            file.unlink()
            assert found_in(marketplace, word) == []

    def test_finds_what_a_process_holds_of_a_deleted_file(self, tmp_path: Path) -> None:
        word, file = a_word(), tmp_path / "deleted"
        with file.open("w") as held:
            held.write(word)
            held.flush()
            file.unlink()
            assert len(handles_with(word, [os.getpid()])) == 1
        assert handles_with(word, [os.getpid()]) == []
