"""What an officer and an administrator see of people's devices, and what they don't."""

from __future__ import annotations

import re

import pytest

from agencies import device_keys
from agencies.device_keys import DeviceKey
from marketplace.foundation.db import reading, transaction
from security.principal import Principal
from tests.builders import AT_WORK
from tests.device_keys import a_device
from tests.web.stage import Stage
from tests.web.test_claims import english, form_of

FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}


def live(person: Principal) -> int:
    return len(devices_of(person))


def devices_of(person: Principal) -> list[DeviceKey]:
    with reading() as db:
        return device_keys.live_of(db, person.person_id)


def test_an_officer_sees_a_device_and_not_whose_it_is(stage: Stage) -> None:
    person = stage.person("karim")
    device = a_device(person, name="Karims Laptop")
    page = english(stage, "haas").get("/record/device-keys").get_data(as_text=True)
    asked = english(stage, "haas").get(f"/record/device-keys/{device.thumbprint}/remove")
    assert "Karim" not in asked.get_data(as_text=True)
    assert english(stage, "sofie").get(asked.request.path).status_code == 404
    assert stage.person("haas").agency_id == person.agency_id
    assert device.thumbprint in page
    assert device.offered.nonce in page
    assert "Karim" not in page.partition("<main")[2].partition("</main")[0]
    assert device.thumbprint not in english(stage, "sofie").get("/record/device-keys").get_data(as_text=True)


def test_an_officer_removes_a_device(stage: Stage) -> None:
    person = stage.person("karim")
    device, before = a_device(person), live(person)
    desk, path = english(stage, "haas"), f"/record/device-keys/{device.thumbprint}/remove"
    page = desk.get("/record/device-keys").get_data(as_text=True)
    assert f'href="{path}"' in page
    assert f'action="{path}"' not in page
    asked = desk.get(path).get_data(as_text=True)
    assert "This cannot be undone" in asked
    assert device.thumbprint in asked
    assert live(person) == before
    assert desk.post(path, data=form_of(asked, path)).status_code == 303
    assert live(person) == before - 1
    assert desk.get(path).status_code == 404
    assert "A device of yours was removed" in english(stage, "karim").get("/notices").get_data(as_text=True)


def test_an_administrator_removes_all_of_somebodys_and_sees_none_of_them(stage: Stage) -> None:
    person = stage.person("karim")
    device = a_device(person, name="Karims Laptop")
    desk, path = english(stage, "felix"), f"/agency/people/{person.membership_id}"
    page = desk.get(path).get_data(as_text=True)
    assert f"{path}/devices/remove" in page
    assert device.thumbprint not in page
    answer = desk.post(f"{path}/devices/remove", data=form_of(page, f"{path}/devices/remove"))
    assert (answer.status_code, live(person)) == (303, 0)


def test_a_second_browser_is_proposed_another_name(stage: Stage) -> None:
    person = stage.person("lena")
    page = english(stage, "lena").get("/device-keys", headers=FIREFOX).get_data(as_text=True)
    first = re.search('id="name" name="name" type="text" value="([^"]*)"', page)
    assert first is not None
    a_device(person, name=first[1])
    page = english(stage, "lena").get("/device-keys", headers=FIREFOX).get_data(as_text=True)
    second = re.search('id="name" name="name" type="text" value="([^"]*)"', page)
    assert second is not None
    assert second[1].startswith("Firefox on Linux")
    assert second[1] not in {each.name for each in devices_of(person)}


@pytest.mark.parametrize(
    ("kind", "said"), [("browser", "This browser is set up."), ("program", "The program is")]
)
def test_that_something_was_set_up_is_said_when_one_comes_back_from_it_and_not_later(
    stage: Stage, kind: str, said: str
) -> None:
    a_device(stage.person("karim"))
    client = english(stage, "karim")
    assert said in client.get(f"/device-keys?set-up={kind}").get_data(as_text=True)
    assert "is set up." not in client.get("/device-keys").get_data(as_text=True)


def test_devices_of_one_name_are_told_apart_where_the_key_is_given(stage: Stage) -> None:
    ines, campaign = stage.person("ines"), stage.sealed()
    twins = [a_device(ines, name="Twin"), a_device(ines, name="Twin")]
    page = english(stage, "ines").get(f"/campaigns/{campaign}/key").get_data(as_text=True)
    rows = {row[:43]: row for row in page.split('<li data-thumbprint="')[1:]}
    for twin in twins:
        assert f">{twin.thumbprint[:12]}…<" in rows[twin.thumbprint]
        assert f"Twin, {twin.thumbprint[:12]}</span>" in rows[twin.thumbprint]
        assert "This browser" in rows[twin.thumbprint]
    with transaction() as tx:
        for each in devices_of(ines):
            if each.name == "Twin":
                device_keys.revoke(tx, each.id, actor=ines, context=AT_WORK)


def test_a_person_is_warned_of_the_campaigns_that_only_one_device_opens(stage: Stage) -> None:
    ines, campaign = stage.person("ines"), stage.sealed()
    a_device(ines, name="Another laptop")
    page = english(stage, "ines").get("/device-keys").get_data(as_text=True)
    warned = [row for row in page.split("<li data-thumbprint=")[1:] if "No other device in use holds" in row]
    assert len(warned) == 1
    assert f'href="/campaigns/{campaign}/key"' in warned[0]
    assert "Another laptop" not in warned[0].partition("</p>")[0]
