"""The main job, from sign-in to the officer's list, over real HTTP without JavaScript, on what `./run` starts.

Work that lies open is done without JavaScript; a sealed item is opened by the browser's own key, and so needs it
(tests/browser, and tests/journeys/test_canaries.py for programs). The reports are therefore posted as internal work
here, and the speeches of the demo are internal as they are.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib

import pytest

from deploy.samples import records
from tests.journeys.person import Page, Person
from tests.journeys.program import Program
from tests.running import PATIENCE, ROOT, Running, eventually

pytestmark = pytest.mark.xdist_group("marketplace")

STRIKES = "Wildlife strikes"


def real_strikes(marketplace: Running, name: str) -> None:
    """A campaign of a test's own, of the first real reports, with the settings that the demo uses, but not sealed."""
    settings = tomllib.loads((ROOT / "deploy/samples/birdstrikes.toml").read_text(encoding="utf-8"))
    settings |= {"due": None, "name": name, "level": "internal"}
    first = "".join(records.strikes().splitlines(keepends=True)[:4])
    Program(marketplace, "ines").post_campaign(settings, first)


def room_of(owner: Person, name: str) -> Page:
    """The room of the owner's campaign with this name."""
    rooms = [link for link in owner.open("/campaigns").links if link.endswith("/room")]
    return next(page for page in map(owner.open, rooms) if name in page.text)


def signed_in(marketplace: Running, agency: str, login: str) -> Person:
    person = Person(marketplace.url)
    page = person.sign_in(agency, login)
    assert page.status == 200, page.text[:300]
    return person


def begin(person: Person, campaign: str) -> Page:
    """From the board to the first item of a campaign."""
    board = person.open("/work")
    for link in board.links:
        if link.startswith("/campaigns/"):
            page = person.open(link)
            if campaign in page.text:
                return person.send(page, page.form("/claims"))
    raise AssertionError(f"{campaign} is not on the board of this person: {board.text[:500]}")


def answer(person: Person, page: Page, value: str, then: str = "stop", **more: str) -> Page:
    form = page.form("/contribution")
    name = next(name for name in form.names if name.startswith("answer.") and name != "answer.note")
    return person.send(page, form, **{name: value, "then": then}, **more)


def test_three_people_answer_and_the_owner_reads_one_result_with_its_trace(marketplace: Running) -> None:
    real_strikes(marketplace, "Three reports")
    for agency, login in [
        ("digital-service", "maja"),
        ("digital-service", "lena"),
        ("civil-aviation", "karim"),
    ]:
        person = signed_in(marketplace, agency, login)
        page = begin(person, "Three reports")
        assert "Turkey vulture" in page.text
        page = answer(person, page, "species")
        assert page.status == 200

    owner = signed_in(marketplace, "civil-aviation", "ines")
    results = room_of(owner, "Three reports").url.replace("/room", "/results")
    settled = eventually(
        lambda: [link for link in owner.open(results).links if re.search(r"/results/[0-9a-f-]{36}$", link)],
        "the first item settles",
    )
    result = owner.open(settled[0])
    assert "A species" in result.text
    assert "3 of 3" in result.text
    assert len(re.findall(r"\b[a-z]+-\d{4}\b", result.text)) >= 3

    exported = owner.browser.get(results + ".csv", timeout=PATIENCE)
    rows = list(csv.DictReader(io.StringIO(exported.text)))
    assert exported.headers["Content-Type"].startswith("text/csv")
    assert rows[0]["result"] == "species"
    assert "Turkey vulture" in rows[0].values()


def test_the_owner_sees_progress(marketplace: Running) -> None:
    owner = signed_in(marketplace, "civil-aviation", "ines")
    assert re.search(r"2[.,]000", room_of(owner, STRIKES).text)


def test_nobody_gets_an_item_twice_by_next(marketplace: Running) -> None:
    person = signed_in(marketplace, "national-archive", "paul")
    page = begin(person, "State of the Union")
    seen = [page.url]
    for _ in range(3):
        page = answer(person, page, "economy", then="next")
        assert page.url not in seen
        seen.append(page.url)


def test_giving_back_frees_the_item_and_shows_another(marketplace: Running) -> None:
    person = signed_in(marketplace, "national-archive", "nora")
    page = person.open("/work")
    assert STRIKES not in page.text, "what a person is not cleared for does not exist for them"
    other = signed_in(marketplace, "digital-service", "tom")
    page = begin(other, "State of the Union")
    given_back = other.send(page, page.form("/release"))
    assert given_back.status == 200
    again = begin(other, "State of the Union")
    assert again.url != page.url


def test_the_officer_sees_who_opened_what_and_the_refusals(marketplace: Running) -> None:
    curious = signed_in(marketplace, "civil-aviation", "karim")
    assert curious.open("/record").status == 403
    officer = signed_in(marketplace, "civil-aviation", "haas")

    def acts() -> str:
        return officer.open("/record").text

    text = eventually(lambda: (found := acts()) and "efused" in found and found, "the refusal has a number")
    for name in ("Karim", "Diallo", "Ines"):
        assert name not in text, "names stay closed"
    assert re.search(r"\b[a-z]+-\d{2,4}\b", text), "pseudonyms are shown"


def test_an_unknown_item_looks_like_a_hidden_one(marketplace: Running) -> None:
    person = signed_in(marketplace, "digital-service", "tom")
    absent = person.open("/campaigns/00000000-0000-4000-8000-000000000000")
    owner = signed_in(marketplace, "civil-aviation", "ines")
    hidden = person.open(room_of(owner, STRIKES).url.replace("/room", ""))
    assert absent.status == hidden.status == 404
    strip = re.compile(r"R-\w{4}-\w{2}")
    assert strip.sub("", absent.text) == strip.sub("", hidden.text)


def test_signing_out_ends_the_session_everywhere(marketplace: Running) -> None:
    person = signed_in(marketplace, "digital-service", "maja")
    kept = dict(person.browser.cookies)
    assert person.sign_out().status == 200
    person.browser.cookies.update(kept)
    assert "/sign-in" in person.open("/work").url
