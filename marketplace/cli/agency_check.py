"""`marketplace agency check`: would sign-in work with this provider, and what should it mend?"""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from marketplace.cli.speech import JSON, as_json, working
from marketplace.edge.relying_party.probe import probe
from marketplace.foundation.outbound import Reach
from marketplace.foundation.settings import LOOPBACK


@click.command()
@click.argument("issuer")
@JSON
@click.option("--allow-http-loopback", is_flag=True, help="Allow http on this machine, for development.")
@click.option(
    "--private",
    multiple=True,
    metavar="HOST|NETWORK",
    help="A private host or network that may be called, as in MARKET_PRIVATE_ISSUERS. May be given several times.",
)
def check(issuer: str, json_wanted: bool, allow_http_loopback: bool, private: tuple[str, ...]) -> None:
    """Look at the provider at ISSUER as sign-in would: each fault with what would help.

    Needs no settings, no token and no database. Exit status 1 where something has to be mended; advice alone is 0.

    Example: marketplace agency check https://id.harbour.example
    """
    listed = [*private, *(LOOPBACK.split(", ") if allow_http_loopback else [])]
    with working(f"Asking {issuer} …"):
        found = probe(issuer, Reach.listed(listed, plain_loopback=allow_http_loopback))
    serious = [fault for fault in found if fault.serious]
    if json_wanted:
        as_json({"issuer": issuer, "ok": not serious, "faults": [asdict(fault) for fault in found]})
    else:
        for fault in sorted(found, key=lambda fault: not fault.serious):
            click.echo(f"{'Fault' if fault.serious else 'Advice'}: {fault.sentence}\n  {fault.remedy}")
        if not serious:
            click.echo("Sign-in can rely on this provider.")
    sys.exit(1 if serious else 0)
