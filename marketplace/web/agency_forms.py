"""What people typed about agencies, in the form that the domain checks; empty fields are left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import request

from agencies import directory
from marketplace.edge import refusals
from marketplace.edge.acting import current_context, current_principal
from marketplace.edge.once import Outcome, once
from marketplace.edge.problems import new_reference
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.foundation.errors import DomainError, Unavailable
from marketplace.foundation.ids import parse_id

LISTS = frozenset({"mail_domains", "organisation_values", "algorithms"})
FLAGS = frozenset({"self_join", "new_key"})
CLAIMS = ("name", "email", "locale")
PROVIDER = (
    "client_id", "authentication", "client_secret", "required_acr", "step_up_acr", "organisation_claim",
    "organisation_values", "device_claim", "clearance_ceiling",
)  # fmt: skip
AGENCY = ("slug", "name", "initials", "tint", "domain", "mail_domains", "self_join")


def text(name: str) -> str:
    """What stands in a field, without spaces around it."""
    return request.form.get(name, "").strip()


def lines(name: str) -> list[str]:
    """What stands in a field with one entry in each line."""
    return [line.strip() for line in request.form.get(name, "").splitlines() if line.strip()]


def chosen(name: str) -> UUID | None:
    """The id that a field names; None where it names none."""
    return parse_id(text(name))


def part(names: tuple[str, ...], at: str = "") -> dict[str, Any]:
    """The fields of one part of a form, whose names begin with `at`."""
    found: dict[str, Any] = {}
    for name in names:
        field = f"{at}{name}"
        if name in LISTS:
            found[name] = lines(field)
        elif name in FLAGS:
            found[name] = request.form.get(field) == "yes"
        elif text(field):
            found[name] = text(field)
    return found


def provider(at: str = "") -> dict[str, Any]:
    """How a provider is used, as the form says it."""
    claims = {claim: text(f"{at}claim_{claim}") for claim in CLAIMS if text(f"{at}claim_{claim}")}
    return part(PROVIDER, at) | {"claim_names": claims}


def acted(act: Callable[[Tx], UUID | None]) -> Outcome:
    """Do something once, in the one transaction of this request."""
    with transaction() as tx:
        return once(tx, lambda: act(tx))


def beside_field(error: DomainError) -> None:
    """Before an error is said beside a field: what would be on the record with a page of its own, still is.

    Raises Unavailable where it cannot be recorded.
    """
    if not refusals.put_on_record(error, new_reference()):
        raise Unavailable()


def who() -> dict[str, Any]:
    """The acting person and their circumstances, as use-cases take them."""
    return {"actor": current_principal(), "context": current_context()}


def agency_names() -> dict[str, str]:
    """The names of all agencies by short name."""
    with reading() as db:
        return directory.names(db)
