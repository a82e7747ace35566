"""What an officer and an administrator see of people's devices, and what they don't."""

from __future__ import annotations

from agencies import device_keys
from marketplace.foundation.db import reading
from security.principal import Principal
from tests.device_keys import a_device
from tests.web.stage import Stage
from tests.web.test_claims import english, form_of


def live(person: Principal) -> int:
    with reading() as db:
        return len(device_keys.live_of(db, person.person_id))


def test_an_officer_sees_a_device_and_not_whose_it_is(stage: Stage) -> None:
    person = stage.person("karim")
    device = a_device(person, name="Karims Laptop")
    page = english(stage, "haas").get("/record/device-keys").get_data(as_text=True)
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
    assert desk.post(path, data=form_of(page, path)).status_code == 303
    assert live(person) == before - 1
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


def test_a_person_is_warned_of_the_campaigns_that_only_one_device_opens(stage: Stage) -> None:
    ines, campaign = stage.person("ines"), stage.sealed()
    a_device(ines, name="Another laptop")
    page = english(stage, "ines").get("/device-keys").get_data(as_text=True)
    warned = [row for row in page.split("<li data-thumbprint=")[1:] if "No other device in use holds" in row]
    assert len(warned) == 1
    assert f'href="/campaigns/{campaign}/key"' in warned[0]
    assert "Another laptop" not in warned[0].partition("</p>")[0]
