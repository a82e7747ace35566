"""`marketplace audit export`: the record for an agency's own systems, resumable, to a file or over TLS."""

from __future__ import annotations

import json
import os
import socket
import ssl
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from marketplace.cli.client import Client, for_a_person
from security.log import formats

SECONDS = 10
TLS_PORT = 6514
"""Syslog over TLS (RFC 5425, section 4.1)."""


@click.command()
@click.option(
    "--format",
    "kind",
    type=click.Choice(sorted(formats.FORMATS)),
    default="ocsf",
    show_default=True,
    help="How an entry is written.",
)
@click.option(
    "--to", metavar="HOST[:PORT]", help="Send over TLS in frames (RFC 5425). Without: standard output."
)
@click.option(
    "--ca", type=click.Path(exists=True, dir_okay=False), help="Authorities of the receiver, as PEM."
)
@click.option(
    "--cursor", type=click.Path(dir_okay=False, path_type=Path), help="Where to remember how far it went."
)
@click.option("--after", type=click.IntRange(0), help="Begin here, whatever the cursor says.")
@for_a_person
def export(
    client: Client, kind: str, to: str | None, ca: str | None, cursor: Path | None, after: int | None
) -> None:
    """Export entries that concern your agency, in the order of their numbers, up to the newest.

    Formats: ocsf and ecs (JSON lines), cef, syslog. With --cursor a later call goes on where this one ended; what was
    sent when it was stopped is sent again, and a receiver knows an entry by its number.

    Example: marketplace audit export --format syslog --to siem.north.example --cursor record.cursor
    """
    begin = after if after is not None else _kept(cursor)
    line, host = formats.FORMATS[kind], urlsplit(client.url).hostname or client.url
    while True:
        page = client.get("/record/entries", after=begin).json()
        lines = [line(entry["number"], entry["body"].encode(), host) for entry in page["entries"]]
        if lines and to is None:
            click.echo("\n".join(lines))
        elif lines and to is not None:
            _send(lines, to, ca)
        if cursor is not None:
            _keep(cursor, page["next"])
        if not lines or page["next"] == begin:
            return
        begin = page["next"]


def _send(lines: Iterable[str], to: str, ca: str | None) -> None:
    """Hand over one page. It returns once the receiver has closed its side as well: what was sent, it has read."""
    host, _, port = to.rpartition(":") if to.rpartition(":")[2].isdigit() else (to, "", str(TLS_PORT))
    trust = ssl.create_default_context(cafile=ca)
    trust.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        with (
            socket.create_connection((host, int(port)), SECONDS) as plain,
            closing(trust.wrap_socket(plain, server_hostname=host)) as line,
        ):
            for each in lines:
                line.sendall(formats.framed(each))
            line.unwrap()
    except OSError as error:
        raise click.ClickException(
            f"The receiver {to} did not take the entries ({type(error).__name__}). They will be sent again."
        ) from None


def _kept(cursor: Path | None) -> int:
    if cursor is None or not cursor.exists():
        return 0
    try:
        return int(json.loads(cursor.read_text())["next"])
    except (ValueError, KeyError, TypeError):
        raise click.ClickException(f"{cursor} is not a cursor. Remove it to begin anew.") from None


def _keep(cursor: Path, number: Any) -> None:
    whole = cursor.with_name(f".{cursor.name}.new")
    with open(whole, "w") as file:
        json.dump({"next": int(number)}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(whole, cursor)
