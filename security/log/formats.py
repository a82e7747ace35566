"""An entry as other organisations' systems read it: OCSF JSON lines, syslog, CEF, ECS. Pure.

An entry comes as its number and its canonical body. The number is the id under which a receiver recognises an entry
that it was sent before: delivery is at least once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

LOG_AUDIT, INFORMATIONAL, WARNING = 13, 6, 4
"""Facility and severities of RFC 5424, section 6.2.1."""
PRIVATE = 32473
"""The enterprise number that RFC 5612 sets aside; an operator's own may take its place one day."""
ECS = "8.17.0"
_CATEGORIES = {3001: "iam", 3002: "authentication", 6003: "web", 6005: "database"}
_OUTCOMES = {"done": "success", "refused": "failure", "failed": "failure"}
CEF_SEVERITY = {"done": 3, "refused": 6, "failed": 8}


def ocsf(number: int, body: bytes, host: str) -> str:
    """The entry as it is on the record (OCSF 1.5), with its number as the event's own id."""
    entry = json.loads(body)
    entry["metadata"] |= {"uid": str(number), "log_provider": host}
    return _json(entry)


def ecs(number: int, body: bytes, host: str) -> str:
    """The entry by the names of the Elastic Common Schema."""
    entry = json.loads(body)
    actor, resource = entry.get("actor", {}), entry.get("resource", {})
    return _json(
        _kept(
            {
                "@timestamp": _moment(entry),
                "ecs": {"version": ECS},
                "observer": {"name": host, "product": "marketplace"},
                "event": {
                    "id": str(number),
                    "sequence": number,
                    "kind": "event",
                    "category": [_CATEGORIES.get(entry["class_uid"], "web")],
                    "action": entry["activity_name"],
                    "outcome": _OUTCOMES[entry["status"]],
                    "reference": entry.get("reference"),
                    "reason": entry.get("purpose"),
                },
                "user": {"hash": actor.get("user", {}).get("uid")},
                "organization": {"id": actor.get("org")},
                "labels": {
                    "object_type": resource.get("type"),
                    "object_id": resource.get("uid"),
                    "object_agency": resource.get("org"),
                    "campaign": resource.get("group"),
                    "classification": resource.get("label"),
                    "channel": entry.get("channel"),
                    "zone": entry.get("src_endpoint", {}).get("zone"),
                    "device": entry.get("device", {}).get("trust"),
                },
            }
        )
    )


def cef(number: int, body: bytes, host: str) -> str:
    """The entry in the Common Event Format, version 0: a head of seven fields, then names and values."""
    entry = json.loads(body)
    actor, resource = entry.get("actor", {}), entry.get("resource", {})
    head = ("marketplace", "marketplace", "1", entry["activity_name"], entry["activity_name"])
    values = {
        "externalId": str(number),
        "rt": str(entry["time"]),
        "dvchost": host,
        "outcome": entry["status"],
        "suid": actor.get("user", {}).get("uid"),
        "cs1Label": "agency",
        "cs1": actor.get("org"),
        "cs2Label": "object",
        "cs2": "/".join(each for each in (resource.get("type"), resource.get("uid")) if each) or None,
        "cs3Label": "label",
        "cs3": resource.get("label"),
        "cs4Label": "zone",
        "cs4": entry.get("src_endpoint", {}).get("zone"),
        "cs5Label": "reference",
        "cs5": entry.get("reference"),
        "cs6Label": "purpose",
        "cs6": entry.get("purpose"),
    }
    extension = " ".join(f"{name}={_cef_value(value)}" for name, value in values.items() if value is not None)
    fields = "|".join(_cef_head(each) for each in head)
    return f"CEF:0|{fields}|{CEF_SEVERITY[entry['status']]}|{extension}"


def syslog(number: int, body: bytes, host: str) -> str:
    """The entry as one message of RFC 5424: what filters need as structured data, the whole as JSON behind a BOM."""
    entry = json.loads(body)
    severity = INFORMATIONAL if entry["status"] == "done" else WARNING
    known = {
        "number": str(number),
        "act": entry["activity_name"],
        "outcome": entry["status"],
        "agency": entry.get("actor", {}).get("org"),
        "object": entry.get("resource", {}).get("uid"),
        "label": entry.get("resource", {}).get("label"),
        "reference": entry.get("reference"),
    }
    data = "".join(f' {name}="{_param(value)}"' for name, value in known.items() if value is not None)
    message = entry["activity_name"].upper().replace("_", "-").replace(".", "-")[:32]
    head = f"<{LOG_AUDIT * 8 + severity}>1 {_moment(entry)} {_name(host)} marketplace - {message}"
    return f"{head} [entry@{PRIVATE}{data}] \ufeff{_json(entry)}"


FORMATS: Mapping[str, Callable[[int, bytes, str], str]] = {
    "ocsf": ocsf,
    "ecs": ecs,
    "cef": cef,
    "syslog": syslog,
}


def framed(message: str) -> bytes:
    """A syslog message for a stream: its length in bytes, a space, the message (RFC 5425, section 4.3)."""
    content = message.encode()
    return f"{len(content)} ".encode() + content


def _json(value: Any) -> str:
    # One line whatever is in it: JSON writes line ends inside texts as escapes.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _moment(entry: Mapping[str, Any]) -> str:
    moment = datetime.fromtimestamp(entry["time"] // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{entry['time'] % 1000:03d}Z"


def without_line_ends(value: str) -> str:
    """Receivers cut messages at line ends, whatever the frame says; a space stands for each."""
    return value.replace("\r", " ").replace("\n", " ")


def _param(value: str) -> str:
    """PARAM-VALUE of RFC 5424, section 6.3.3: quote, backslash and closing bracket are escaped."""
    return "".join(f"\\{each}" if each in '"\\]' else each for each in without_line_ends(value))


def _name(host: str) -> str:
    """HOSTNAME of RFC 5424: printable US-ASCII without spaces, at most 255; nothing else known is a dash."""
    return "".join(each for each in host if 33 <= ord(each) <= 126)[:255] or "-"


def _cef_head(value: str) -> str:
    return value.replace("\\", "\\\\").replace("|", "\\|").replace("\r", " ").replace("\n", " ")


def _cef_value(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("=", "\\=")
    return escaped.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\r")


def _kept(value: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is nothing, and without groups of nothing."""
    found = {name: _kept(each) if isinstance(each, dict) else each for name, each in value.items()}
    return {name: each for name, each in found.items() if each not in (None, {})}
