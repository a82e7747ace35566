"""`marketplace agency found`: how an empty marketplace begins, by its operator."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from agencies import founding
from agencies.errors import BadAgencySettings
from marketplace.cli.client import places
from marketplace.cli.files import spec_of
from marketplace.cli.opening import opened
from marketplace.cli.speech import JSON, as_json, columns
from marketplace.foundation.db import transaction
from security.principal import Context

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


@click.command()
@click.argument("file", type=FILE, metavar="FILE.toml")
@JSON
def found(file: Path, json_wanted: bool) -> None:
    """Bring the first agency into an empty marketplace, and invite two administrators.

    FILE.toml has the tables [agency] and [provider]; docs/agency-toml.md explains them. This command needs the
    marketplace's database settings (MARKET_HOME, MARKET_DATABASE_URL), no token, and works only while there is no
    agency: every further one is enrolled by administrators. The links are printed once.

    Example: marketplace agency found first.toml
    """
    settings = opened()
    try:
        with transaction() as tx:
            made = founding.found(tx, spec_of(file), context=Context("cli"))
    except BadAgencySettings as refusal:
        click.echo(refusal.message, err=True)
        columns(("SETTING", "REASON"), list(places(refusal.facts["errors"])), err=True)
        sys.exit(1)
    links = [f"{settings.public_url}/sign-in?invitation={token}" for token in made.tokens]
    if json_wanted:
        as_json({"agency": made.slug, "invitations": links, "keys": made.keys})
        return
    click.echo(f"{made.slug} takes part. One link for each of its two first administrators:")
    for link in links:
        click.echo(link)
    if made.keys:
        click.echo("Register this public key of ours at the provider:")
        as_json({"keys": made.keys})
