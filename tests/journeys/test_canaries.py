"""What is sensitive lies sealed: unique words in an item, an answer and a result are looked for wherever the
marketplace writes, and found nowhere: database, job and idempotency rows, Valkey's files, temporary files, logs."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.builders import a_form, a_spec
from tests.journeys.program import Program
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
    found = []
    for process in marketplace.processes():
        for handle in _handles(process.pid):
            try:
                if handle.is_file() and word.encode() in handle.read_bytes():
                    found.append(f"{process.pid}: {handle.resolve()}")
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


def test_canaries_in_item_answer_note_and_result_are_found_nowhere(marketplace: Running) -> None:
    item, value, note, ruined = a_word(), a_word()[:20], a_word(), a_word()
    form = a_form()
    form["questions"][0]["options"].append({"value": value, "label": "The canary"})
    owner = Program(marketplace, "ines")
    spec = a_spec(name="Canaries", title="Which bird sings?", level="sensitive", contributions=2, form=form)
    posted = owner.post("/campaigns", {"spec": spec, "csv": f"entry\nthe song of {item}\n"})
    assert posted.status_code == 201, posted.text
    campaign = posted.json()["id"]

    for login in ("maja", "karim"):
        person = Program(marketplace, login)
        claim = person.claim(campaign)
        assert item in person.get(f"/claims/{claim}/payload")["item"]["entry"]
        bad = person.submit(claim, kind=value, note=note, **{ruined: "no such question"})
        assert bad.status_code == 422
        assert person.submit(claim, kind=value, note=note).status_code == 201

    rows = eventually(lambda: owner.get(f"/campaigns/{campaign}/results")["rows"], "the canary settles")
    result = owner.get(f"/campaigns/{campaign}/results/{rows[0]['microtask_id']}")
    assert (result["value"], result["trace"][0]["note"]) == (value, note)
    exported = owner.http.get(f"{owner.url}/campaigns/{campaign}/results.csv", timeout=PATIENCE).text
    assert item in exported

    for word in (item, note, ruined):
        assert found_in(marketplace, word) == []
        assert opened_handles_of(marketplace, word) == []
    # The name of an option is part of the form; whether somebody chose it is what must not be readable.
    database = sqlite3.connect(f"file:{marketplace.home / 'market.db'}?mode=ro", uri=True)
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    told = {
        name
        for name in tables
        for row in database.execute(f'SELECT * FROM "{name}"')
        if any(value.encode() in (cell if isinstance(cell, bytes) else str(cell).encode()) for cell in row)
    }
    database.close()
    assert told == {"campaign"}


def test_the_search_would_find_a_canary_that_is_not_sealed(marketplace: Running) -> None:
    """The control: in an internal campaign the same word lies readable in the database."""
    word = a_word()
    owner = Program(marketplace, "ines")
    posted = owner.post("/campaigns", {"spec": a_spec(level="internal"), "csv": f"entry\n{word}\n"})
    assert posted.status_code == 201, posted.text
    assert any("market.db" in path for path in found_in(marketplace, word))
