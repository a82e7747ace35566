"""Lists of skills: brought in whole, brought up to date, and found by their labels."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, select

from agencies.models import PersonSkill, Skill, SkillTerm
from agencies.skills import lists
from agencies.skills.errors import BadSkillList
from agencies.skills.reading import ListedSkill, SkillList
from marketplace.foundation.db import reading, transaction
from security.log.models import AuditPending
from security.principal import Context
from tests.agencies.skills.in_use import codes_of, has, skills_of
from tests.builders import a_person, changed, found, some_skills

TERMINAL = Context("cli")


def a_list(source: str = "short", **labels: str | dict[str, str]) -> SkillList:
    """A list of these skills by code, with an English label each or with labels by language."""
    skills = [
        ListedSkill(code, {"en": label} if isinstance(label, str) else label, None, None)
        for code, label in labels.items()
    ]
    return SkillList(source, skills)


def put(*given_lists: SkillList) -> list[lists.Imported]:
    with transaction() as tx:
        return lists.put(tx, given_lists, actor=None, context=TERMINAL)


def labels(locale: str, *codes: str) -> dict[str, str]:
    with reading() as db:
        return lists.labels_of(db, locale, codes)


def find(words: str, locale: str = "en") -> list[str]:
    with reading() as db:
        return [each["label"] for each in lists.find(db, words, locale)]


def offered(*codes: str) -> set[str]:
    with reading() as db:
        return lists.offered(db, codes)


def test_a_list_is_brought_in(database: Engine) -> None:
    [done] = put(a_list(law={"en": "Law", "de": "Recht"}, maths="Maths"))
    assert done == lists.Imported("short", 2, added=2, changed=0, retired=0, offered_again=0)
    assert labels("de", "law", "maths", "unheard-of") == {"law": "Recht", "maths": "Maths"}


def test_an_import_is_on_the_record_by_its_counts(database: Engine) -> None:
    put(a_list(law="Law", maths="Maths"))
    [row] = found(select(AuditPending).where(AuditPending.act == "skill.import"))
    assert row.detail == {
        "list": "short", "skills": 2, "added": 2, "changed": 0, "retired": 0, "offered_again": 0,
    }  # fmt: skip
    assert (row.subject_id, row.object_kind) == (None, "skill")


def test_importing_again_changes_labels_and_adds(database: Engine) -> None:
    put(a_list(law="Law", maths="Maths"))
    [done] = put(a_list(law="The law", maths="Maths", art="Art"))
    assert (done.added, done.changed, done.retired) == (1, 1, 0)
    assert labels("en", "law") == {"law": "The law"}
    assert (find("law"), find("art")) == (["The law"], ["Art"])


def test_what_a_list_has_no_more_is_retired_and_stays_with_whoever_has_it(database: Engine) -> None:
    put(a_list(law="Law", maths="Maths"))
    person = a_person()
    has(person, "maths")
    [done] = put(a_list(law="Law"))
    assert done.retired == 1
    assert offered("law", "maths") == {"law"}
    assert find("maths") == []
    assert [(each["code"], each["retired"]) for each in skills_of(person)["has"]] == [("maths", True)]


def test_what_comes_back_is_offered_again(database: Engine) -> None:
    put(a_list(law="Law", maths="Maths"))
    put(a_list(law="Law"))
    [done] = put(a_list(law="Law", maths="Maths"))
    assert (done.offered_again, done.added, offered("maths")) == (1, 0, {"maths"})


def test_one_list_leaves_another_alone(database: Engine) -> None:
    put(a_list("first", law="Law"))
    some_skills(["maths"])
    put(a_list("second", art="Art"))
    assert offered("law", "maths", "art") == {"law", "maths", "art"}


def test_a_code_of_another_list_is_refused_and_nothing_is_half_done(database: Engine) -> None:
    put(a_list("first", law="Law"))
    with pytest.raises(BadSkillList):
        put(a_list("second", art="Art"), a_list("third", law="Mine", maths="Maths"))
    assert labels("en", "law", "art", "maths") == {"law": "Law"}


def test_skills_are_found_by_words_in_the_language_of_the_page(database: Engine) -> None:
    put(
        a_list(
            safety={"en": "Aviation safety", "fr": "Sécurité aérienne"},
            law={"en": "Aviation law", "de": "Luftrecht"},
            plain="Plain language",
        )
    )
    assert find("AVIATION") == ["Aviation law", "Aviation safety"]
    assert find("safety avia") == ["Aviation safety"]
    assert find("securite", "fr") == ["Sécurité aérienne"]
    assert find("aviation", "de") == ["Aviation safety"], (
        "what has no German label is found by its English one"
    )
    assert find("luftrecht", "en") == []


def test_what_begins_with_the_words_comes_first(database: Engine) -> None:
    put(a_list(a="Basics of data", b="Data safety", c="Big data"))
    assert find("data") == ["Data safety", "Basics of data", "Big data"]


@pytest.mark.parametrize("words", ["", "  ", "%", "_", "\\", "%%%", "x" * 500, "' OR 1=1 --"])
def test_words_are_words_and_nothing_else(database: Engine, words: str) -> None:
    put(a_list(law="Law"))
    assert find(words) == []


def test_no_more_are_found_than_are_asked_for(database: Engine) -> None:
    put(SkillList("long", [ListedSkill(f"s{n}", {"en": f"Skill {n}"}, None, None) for n in range(60)]))
    assert len(find("skill")) == lists.MOST_FOUND


def test_only_the_labels_that_are_needed_are_read(database: Engine) -> None:
    """A page that names three skills must not read fourteen thousand."""
    put(SkillList("long", [ListedSkill(f"s{n}", {"en": f"Skill {n}"}, None, None) for n in range(2_500)]))
    assert labels("en", "s1", "s2400") == {"s1": "Skill 1", "s2400": "Skill 2400"}
    assert len(labels("en", *(f"s{n}" for n in range(2_500)))) == 2_500


CODES = ("a", "b", "c", "d")
VERSIONS = st.lists(
    st.dictionaries(st.sampled_from(CODES), st.sampled_from(["X", "Y"]), min_size=1), max_size=5
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(versions=VERSIONS)
def test_after_any_imports_the_last_one_is_offered_and_nobody_lost_anything(
    database: Engine, versions: list[dict[str, str]]
) -> None:
    changed(delete(SkillTerm))
    changed(delete(PersonSkill))
    changed(delete(Skill))
    held: set[str] = set()
    person = a_person("north")
    for version in versions:
        put(a_list("short", **version))
        code = min(version)
        has(person, code)
        held.add(code)
    last = versions[-1] if versions else {}
    assert offered(*CODES) == set(last)
    assert labels("en", *last) == last
    assert set(codes_of(person)[0]) == held
    every = {code for version in versions for code in version}
    assert {row.code for row in found(select(Skill.code))} == every
