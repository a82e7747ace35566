"""My skills and the skills of an agency's people, as pages show them and forms change them."""

from __future__ import annotations

from sqlalchemy import select, update

from agencies.models import Skill
from agencies.skills import own
from marketplace.foundation.db import reading, transaction
from tests.builders import AT_WORK
from tests.web.stage import Stage
from tests.web.test_claims import english, form_of

MINE = "/my-skills"
GLOSSARY = "Is the German term right?"


def lists_of(stage: Stage, login: str) -> tuple[list[str], list[str]]:
    person = stage.person(login)
    with reading() as db:
        found = own.listing(db, person.person_id, "en")
    return [each["code"] for each in found["has"]], [each["code"] for each in found["wants"]]


def test_a_skill_is_found_put_on_both_lists_and_taken_off(stage: Stage) -> None:
    nora = english(stage, "nora")
    before = lists_of(stage, "nora")
    found = nora.get(f"{MINE}?q=aviation").get_data(as_text=True)
    assert "Aviation safety" in found
    has = form_of(found, MINE) | {"skill": "aviation-safety", "level": "basic", "q": "aviation"}
    answer = nora.post(MINE, data=has)
    assert (answer.status_code, answer.location) == (303, f"{MINE}?q=aviation")
    nora.post(f"{MINE}/wanted", data=form_of(found, f"{MINE}/wanted"))
    assert lists_of(stage, "nora") == (sorted([*before[0], "aviation-safety"]), ["aviation-safety"])
    page = nora.get(f"{MINE}?q=aviation").get_data(as_text=True)
    assert "On the list of skills you have" in page
    assert "On the list of skills you want to learn" in page
    for path in (f"{MINE}/remove", f"{MINE}/wanted/remove"):
        assert nora.post(path, data=form_of(page, path) | {"skill": "aviation-safety"}).status_code == 303
    assert lists_of(stage, "nora") == before


def test_a_form_sent_twice_does_it_once_and_nonsense_is_not_found(stage: Stage) -> None:
    nora = english(stage, "nora")
    sent = form_of(nora.get(f"{MINE}?q=plain").get_data(as_text=True), f"{MINE}/wanted")
    assert {nora.post(f"{MINE}/wanted", data=sent).status_code for _ in range(2)} == {303}
    for code in ("", "unheard-of", "x" * 5_000, "\x00", "' OR 1=1 --"):
        fresh = form_of(nora.get(f"{MINE}?q=aviation").get_data(as_text=True), f"{MINE}/wanted")
        assert nora.post(f"{MINE}/wanted", data=fresh | {"skill": code}).status_code == 404
    page = nora.get(MINE).get_data(as_text=True)
    nora.post(f"{MINE}/wanted/remove", data=form_of(page, f"{MINE}/wanted/remove"))
    assert lists_of(stage, "nora")[1] == []


def test_a_level_that_there_is_not_changes_nothing(stage: Stage) -> None:
    nora = english(stage, "nora")
    sent = form_of(nora.get(f"{MINE}?q=aviation").get_data(as_text=True), MINE)
    before = lists_of(stage, "nora")
    assert nora.post(MINE, data=sent | {"level": "best"}).status_code == 422
    assert lists_of(stage, "nora") == before


def test_an_administrator_confirms_and_takes_back(stage: Stage) -> None:
    maja = stage.person("maja")
    greta, path = english(stage, "greta"), f"/agency/skills/{maja.membership_id}"
    assert f'href="{path}"' in greta.get("/agency/skills?q=maj").get_data(as_text=True)
    page = greta.get(path).get_data(as_text=True)
    sent = form_of(page, f"{path}/confirm") | {"skill": "aviation-safety"}
    assert greta.post(f"{path}/confirm", data=sent).status_code == 303
    page = greta.get(path).get_data(as_text=True)
    assert f"Confirmed by {stage.person('greta').name}" in page
    assert f"Confirmed by {stage.person('greta').name}" in english(stage, "maja").get(MINE).get_data(
        as_text=True
    )
    sent = form_of(page, f"{path}/withdraw") | {"skill": "aviation-safety"}
    assert greta.post(f"{path}/withdraw", data=sent).status_code == 303


def test_ones_own_and_another_agencys_are_out_of_reach(stage: Stage) -> None:
    greta, felix = english(stage, "greta"), english(stage, "felix")
    maja = stage.person("maja").membership_id
    assert felix.get(f"/agency/skills/{maja}").status_code == 404
    assert english(stage, "lena").get("/agency/skills").status_code == 403
    me = stage.person("greta").membership_id
    shown = greta.get(f"/agency/skills/{me}").get_data(as_text=True)
    assert "Somebody else confirms your skills." in shown
    assert "/confirm" not in shown


def test_the_search_works_in_the_language_of_the_page(stage: Stage) -> None:
    client = stage.client("maja")
    client.set_cookie("language", "fr")
    assert "Sécurité aérienne" in client.get(f"{MINE}?q=securite").get_data(as_text=True)


def test_a_label_with_commas_is_one_skill_wherever_it_is_named(stage: Stage) -> None:
    """As in DigComp: “Information search, evaluation and management”."""
    code, label = "german-to-english", "Search, evaluation and management"
    campaign, maja = f"/campaigns/{stage.campaign(GLOSSARY)}", english(stage, "maja")
    with transaction() as tx:
        before = tx.scalar(select(Skill.labels).where(Skill.code == code))
        tx.execute(update(Skill).where(Skill.code == code).values(labels={"en": label}))
        own.want(tx, code, actor=stage.person("maja"), context=AT_WORK)
    try:
        board = maja.get("/work").get_data(as_text=True)
        page = maja.get(campaign).get_data(as_text=True)
        sent = form_of(maja.get(f"{MINE}?q=plain").get_data(as_text=True), MINE)
        refused = maja.post(f"{campaign}/claims", data=sent).get_data(as_text=True)
    finally:
        with transaction() as tx:
            tx.execute(update(Skill).where(Skill.code == code).values(labels=before))
            own.want_no_more(tx, code, actor=stage.person("maja"), context=AT_WORK)
    assert f"You want to learn <b>{label}</b>" in board
    for text in (board, page, refused):
        assert label in text.replace("<b>", "").replace("</b>", "")
        assert f"{label.partition(',')[0]}</b>" not in text
    assert f'href="{MINE}"' in refused.partition("<main")[2]
