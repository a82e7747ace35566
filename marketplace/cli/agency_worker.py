"""`marketplace worker`: what an agency's own machine does for campaigns that are sealed end to end.

It acts for a person of the agency, with their token, through the API; the keys it opens with never leave the machine.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import click

from marketplace.cli import device_file, processing_key, settling
from marketplace.cli.client import Client, Refusal, for_a_person
from marketplace.cli.device_file import DeviceFile
from marketplace.cli.key_release import Tried, Trusted, read_trusted, release_once
from marketplace.cli.processing_key import ProcessingKey
from security.sealing import SealingError

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
NEVER_AGAIN = ("/problems/not-a-holder", "/problems/shredded")
"""Refusals that no later round is spared: posted before the processing key was registered (its owner settles it), and
shredded. Each refusal is on the record, so what is refused is not asked for in every round."""
REST = 600.0
"""Seconds until a campaign is looked at again in which nothing could be decided: reading answers is on the record."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What the worker opens and signs with, whom it trusts, and what it looked at in vain. Without a device it signs
    nothing, without knowing whom to trust it gives nobody a key.
    """

    agency: str
    processing: ProcessingKey
    device: DeviceFile | None = None
    trusted: Trusted | None = None
    tried: Tried = field(default_factory=Tried)
    resting: dict[UUID, float] = field(default_factory=dict)
    """Campaigns in which nothing could be decided, by when they are looked at again (monotonic seconds)."""


Step = Callable[[Client, Keys], int]
"""One round of one kind of work: how many things were done. Trouble with one thing is said and does not stop others."""


def settle_once(client: Client, keys: Keys) -> int:
    """Decide what has all its answers, in every end-to-end campaign of the agency."""
    if keys.device is None:
        return 0
    awake = [each for each in campaigns_of(client, keys) if keys.resting.get(each, 0.0) <= time.monotonic()]
    return sum(_settled(client, keys, keys.device, campaign_id) for campaign_id in awake)


def _settled(client: Client, keys: Keys, device: DeviceFile, campaign_id: UUID) -> int:
    try:
        outcome = settling.settle(client, campaign_id, keys.processing, device)
    except Refusal as refusal:
        if refusal.over:
            raise
        kind = refusal.problem.get("type")
        if kind not in NEVER_AGAIN:
            say(f"{campaign_id}: {refusal.message}")
        if not refusal.passing:
            keys.resting[campaign_id] = math.inf if kind in NEVER_AGAIN else time.monotonic() + REST
        return 0
    except SealingError as error:
        say(f"{campaign_id}: the campaign's key does not open ({type(error).__name__}).")
        keys.resting[campaign_id] = time.monotonic() + REST
        return 0
    for number, why in outcome.left:
        say(f"{campaign_id}: item {number} is left undecided: an answer does not open or fit ({why}).")
    if outcome.left and not outcome.settled:
        keys.resting[campaign_id] = time.monotonic() + REST
    return outcome.settled


def release_waiting(client: Client, keys: Keys) -> int:
    """Give the keys to items that contributors' devices wait for, where everything behind them holds."""
    if keys.trusted is None:
        return 0
    return release_once(client, keys.processing, keys.trusted, keys.tried)


STEPS: Sequence[Step] = (release_waiting, settle_once)


def campaigns_of(client: Client, keys: Keys) -> Iterator[UUID]:
    """The agency's end-to-end campaigns that the token's person may read."""
    for row in client.get("/campaigns").json()["own"]:
        if row["protection"] == "end_to_end" and row["agency"]["slug"] == keys.agency:
            yield UUID(row["id"])


def say(sentence: str) -> None:
    """Tell whoever operates the worker; nothing of any content is in it."""
    click.echo(sentence, err=True)


@click.command()
@click.option("--agency", required=True, metavar="SLUG", help="The agency it works for (its short name).")
@click.option(
    "--key", "key_path", type=FILE, required=True, help="The agency's processing key, a private JWK."
)
@click.option(
    "--device",
    "device_path",
    type=FILE,
    help="A key file of `marketplace device new`: results are signed with it.",
)
@click.option(
    "--trust", "trust_path", type=FILE, help="Whom to trust when it gives keys; docs/key-release.md"
)
@click.option(
    "--once/--follow", default=False, help="Do what there is and end, or go on until it is stopped."
)
@click.option(
    "--interval",
    default=3.0,
    show_default=True,
    type=click.FloatRange(0.1, 86_400),
    help="With --follow: seconds between two rounds.",
)
@for_a_person
def worker(
    client: Client,
    agency: str,
    key_path: Path,
    device_path: Path | None,
    trust_path: Path | None,
    once: bool,
    interval: float,
) -> None:
    """Do for end-to-end campaigns what the marketplace cannot: your agency has their keys.

    It runs on a machine of your agency, with the processing key whose public half your agency has registered, and with
    a token of somebody who may read the results. What it does is on the record as done by them. Without --device it
    settles nothing, because nobody could tell later whose results they are; without --trust it gives nobody a key.

    Example: marketplace worker --agency harbour --key processing.json --device worker.json
    """
    device = None if device_path is None else device_file.read(device_path)
    trusted = None if trust_path is None else read_trusted(trust_path)
    keys = Keys(agency, processing_key.read(key_path), device, trusted)
    acting_for = client.get("/me").json()["agency"]["slug"]
    if acting_for != agency:
        raise click.ClickException(f"This token acts for {acting_for}, not for {agency}.")
    if device is None:
        say("Without --device nothing is settled: results are signed by a device.")
    if trusted is None:
        say("Without --trust no keys are given to contributors.")
    while True:
        done = every_step(client, keys, patient=not once)
        if once:
            click.echo(f"{done} done.")
            return
        if not done:
            time.sleep(interval)


def every_step(client: Client, keys: Keys, *, patient: bool) -> int:
    """Every step once. A patient worker says what is wrong and tries again with the next round, until its token is
    refused.
    """
    done = 0
    for step in STEPS:
        try:
            done += step(client, keys)
        except click.ClickException as error:
            if not patient or (isinstance(error, Refusal) and error.over):
                raise
            say(error.message)
    return done
