"""Entries for other organisations' systems: each format's own escaping, and nothing of an entry lost or invented."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security.log import formats
from security.log.entries import body

HOST = "market.example"
FACTS: dict[str, Any] = {
    "at": datetime(2027, 1, 2, 3, 4, 5, 678_000, UTC), "act": "payload.view", "outcome": "refused",
    "subject_id": UUID(int=1), "agency_id": UUID(int=2), "object_kind": "item", "object_id": "o-1",
    "object_agency_id": UUID(int=3), "campaign_id": UUID(int=4), "level": 2, "purpose": "contribution",
    "channel": "web", "zone": "home", "device": "managed", "acr": "gold", "session": "s", "reference": "R-AAAA-BB",
    "device_id": None, "rules": None, "detail": {"rules": ["office"]},
}  # fmt: skip


def entry(**given: Any) -> bytes:
    return body(FACTS | given, {UUID(int=1): b"salt"})


anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.mark.parametrize("name", formats.FORMATS)
@given(text=anything)
def test_whatever_stands_in_an_entry_it_stays_one_line(name: str, text: str) -> None:
    line = formats.FORMATS[name](7, entry(object_id=text, purpose=text, reference=text), HOST)
    assert "\n" not in line
    assert "\r" not in line


@given(text=anything)
def test_ocsf_is_the_entry_with_its_number(text: str) -> None:
    found = json.loads(formats.ocsf(7, entry(object_id=text), HOST))
    assert found["metadata"].pop("uid") == "7"
    assert found["metadata"].pop("log_provider") == HOST
    assert found == json.loads(entry(object_id=text))


class TestSyslog:
    def test_a_whole_message(self) -> None:
        message = formats.syslog(7, entry(), HOST)
        head, _, text = message.partition(" \ufeff")
        assert head == (
            "<108>1 2027-01-02T03:04:05.678Z market.example marketplace - PAYLOAD-VIEW "
            '[entry@32473 number="7" act="payload.view" outcome="refused" '
            'agency="00000000-0000-0000-0000-000000000002" object="o-1" label="sensitive" reference="R-AAAA-BB"]'
        )
        assert json.loads(text) == json.loads(entry())

    @given(text=anything)
    def test_values_of_structured_data_can_be_read_back(self, text: str) -> None:
        message = formats.syslog(7, entry(object_id=text), HOST)
        found = re.search(r' object="((?:[^"\\\]]|\\.)*)"', message, re.DOTALL)
        assert found is not None
        assert re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL) == formats.without_line_ends(text)

    def test_an_act_that_was_done_is_information(self) -> None:
        assert formats.syslog(7, entry(outcome="done"), HOST).startswith("<110>1 ")

    @pytest.mark.parametrize(
        ("host", "kept"), [("", "-"), ("a b", "ab"), ("bücher", "bcher"), ("x" * 300, "x" * 255)]
    )
    def test_a_host_name_is_printable(self, host: str, kept: str) -> None:
        assert formats.syslog(7, entry(), host).split(" ")[2] == kept

    def test_a_frame_counts_bytes(self) -> None:
        assert formats.framed("ä") == b"2 \xc3\xa4"


class TestCef:
    def test_a_whole_message(self) -> None:
        message = formats.cef(7, entry(), HOST)
        assert message.startswith(
            "CEF:0|marketplace|marketplace|1|payload.view|payload.view|6|externalId=7 rt="
        )
        assert "cs2Label=object cs2=item/o-1 " in message

    @given(text=anything)
    def test_values_can_be_read_back(self, text: str) -> None:
        message = formats.cef(7, entry(reference=text or None), HOST)
        found = re.search(r"cs5=((?:[^=\\]|\\.)*?) cs6Label=", message, re.DOTALL)
        assert text == "" or found is not None
        if found is not None:
            names = {"n": "\n", "r": "\r"}
            read = re.sub(r"\\(.)", lambda each: names.get(each[1], each[1]), found[1], flags=re.DOTALL)
            assert read == text.replace("\r\n", "\n")


class TestEcs:
    def test_a_whole_event(self) -> None:
        found = json.loads(formats.ecs(7, entry(), HOST))
        assert found["@timestamp"] == "2027-01-02T03:04:05.678Z"
        assert found["event"] == {
            "id": "7", "sequence": 7, "kind": "event", "category": ["database"], "action": "payload.view",
            "outcome": "failure", "reference": "R-AAAA-BB", "reason": "contribution",
        }  # fmt: skip
        assert found["user"]["hash"] == json.loads(entry())["actor"]["user"]["uid"]

    def test_what_is_not_known_is_left_out(self) -> None:
        found = json.loads(formats.ecs(7, entry(subject_id=None, agency_id=None, object_kind=None), HOST))
        assert "user" not in found
        assert "organization" not in found
