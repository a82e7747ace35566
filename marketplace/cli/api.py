"""`marketplace api`: what programs need to know."""

from __future__ import annotations

import click

from marketplace.cli.speech import as_json


@click.group()
def api() -> None:
    """About the API that programs use."""


@api.command()
def describe() -> None:
    """Print the API's description (OpenAPI 3.1) as JSON. Needs no database and no settings.

    Example: marketplace api describe > openapi.json
    """
    from marketplace.api import document  # loads the web framework, which no other command needs

    as_json(document())
