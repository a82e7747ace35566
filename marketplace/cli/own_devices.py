"""Which other devices of somebody's own get the key of what they post: those that are shown to be theirs, and no other.

The marketplace names devices; whoever it names could read the whole campaign. So each of them has to be confirmed, on
the witnessed record, for the very person at their sign-in service whom this machine's own device was confirmed for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click

from marketplace.cli.device_file import DeviceFile
from marketplace.cli.key_release import Trusted
from marketplace.cli.vouching import vouched
from security.key_transparency import EvidenceRefused, IssuerWrong, Vouched

UNCHECKED = "Name whom your agency trusts with --trust, and it is checked and gets the key."
UNSEEN = "No witness has confirmed yet that it was set up."
OF_ANOTHER = "It was confirmed for somebody else."


@dataclass(frozen=True, slots=True)
class Others:
    """The other devices that the marketplace names: `shown` by evidence, and `left` out (name → why)."""

    shown: Sequence[Vouched] = ()
    left: Sequence[tuple[str, str]] = ()


def others(
    named: Sequence[Mapping[str, Any]], device: DeviceFile, trusted: Trusted | None, now: datetime
) -> Others:
    """What of the devices that the marketplace names beside `device` is shown to be of the same person."""
    beside = [each for each in named if each["thumbprint"] != device.thumbprint]
    if trusted is None:
        return Others(left=[(str(each["name"]), UNCHECKED) for each in beside])
    own = next((each.get("evidence") for each in named if each["thumbprint"] == device.thumbprint), None)
    shown, left = [], []
    for each in beside:
        try:
            shown.append(_of_the_same(own, device.thumbprint, each, trusted, now))
        except EvidenceRefused as refused:
            left.append((str(each["name"]), refused.message))
        except _Another as other:
            left.append((str(each["name"]), str(other)))
    return Others(shown, left)


def tell(found: Others, named: Sequence[Mapping[str, Any]]) -> None:
    """Say on standard error which other devices get the key, and which do not and why."""
    names = {each["thumbprint"]: each["name"] for each in named}
    for each in found.shown:
        click.echo(f"The campaign's key is sealed for your device {names[each.thumbprint]}", err=True)
    for name, why in found.left:
        click.echo(f"Not sealed for your device {name}: {why}", err=True)


class _Another(Exception):
    """Nothing is wrong with it, but it is not shown to be the same person's."""


def _of_the_same(
    own: Any, thumbprint: str, other: Mapping[str, Any], trusted: Trusted, now: datetime
) -> Vouched:
    if own is None or other.get("evidence") is None:
        raise _Another(UNSEEN if own is not None else f"This one first: {UNSEEN}")
    here = vouched(own, thumbprint, trusted, now)
    found = vouched(other["evidence"], other["thumbprint"], trusted, now)
    if found.issuer != here.issuer:
        raise IssuerWrong()
    if found.subject != here.subject:
        raise _Another(OF_ANOTHER)
    return found
