"""What the API says of sealed work is kept in no cache, whether it lets somebody in or refuses them."""

from __future__ import annotations

from typing import Any

from tests.builders import a_campaign, a_claim, a_person, an_owner


def test_no_answer_about_sealed_work_is_kept_in_a_cache(program: Any) -> None:
    owner, person = an_owner("north"), a_person("south")
    campaign = a_campaign(owner, level="sensitive")
    claim = a_claim(campaign, person)
    worker, reader = program(person), program(owner)
    answers = [
        worker.get(f"/campaigns/{campaign}"),
        worker.get(f"/claims/{claim}"),
        worker.get(f"/claims/{claim}/payload"),
        worker.post(f"/campaigns/{campaign}/claims"),
        reader.get(f"/campaigns/{campaign}/results"),
        reader.get(f"/campaigns/{campaign}/results.csv"),
    ]
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}
