"""`marketplace witness`: the small program by which an agency watches that the record only grows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from marketplace.foundation.errors import DomainError
from marketplace.foundation.outbound import Reach
from marketplace.foundation.settings import LOOPBACK
from marketplace.witness import serving, state, visiting
from marketplace.witness.state import Cosigned
from security import notes

STATE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")


@click.group()
def witness() -> None:
    """Cosign the marketplace's security record for your agency, as long as it only grows.

    FILE is everything the witness keeps: its private key and what it saw last. It needs no database and no account.
    Keep FILE on a machine of your own agency and in its backup; never go back to an older copy of it.
    """


@witness.command()
@STATE
@click.option("--name", required=True, help="What it is called, for example north.example/witness")
def make(file: Path, name: str) -> None:
    """Make a witness; prints its public key, for: marketplace audit register

    Example: marketplace witness make witness.json --name north.example/witness
    """
    with _sentences():
        click.echo(str(state.make(file, name).signer.verifier))


@witness.command()
@STATE
@click.argument("log_key")
def follow(file: Path, log_key: str) -> None:
    """Follow the log with the key LOG_KEY: the line at https://…/log/key

    Example: marketplace witness follow witness.json "$(curl -s https://market.example/log/key)"
    """
    with _sentences():
        log = notes.parse_verifier(log_key)
        state.follow(file, log)
        click.echo(f"Follows {log.name}.")


@witness.command()
@STATE
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port", default=8470, show_default=True, type=click.IntRange(0, 65535), help="0: any free one."
)
def serve(file: Path, host: str, port: int) -> None:
    """Wait for checkpoints and answer each with a cosignature or a refusal (C2SP tlog-witness).

    Put https in front of it and register the address: marketplace audit register KEY --at https://…
    """
    with _sentences():
        state.read(file)
        server = serving.Server(file, host, port)
        click.echo(f"listens on http://{host}:{server.server_address[1]}")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            server.server_close()


@witness.command()
@STATE
@click.argument("url")
@click.option("--private", multiple=True, metavar="HOST|NETWORK", help="A private place that may be called.")
@click.option("--allow-http-loopback", is_flag=True, help="Allow http on this machine, for development.")
def visit(file: Path, url: str, private: tuple[str, ...], allow_http_loopback: bool) -> None:
    """Visit the log at URL once: check how it grew, cosign it, leave the cosignature there.

    For cron, where nothing may listen: */5 * * * * marketplace witness visit witness.json https://market.example/log
    Exit status 1 where the record contradicts what the witness saw before: then call your security officer.
    """
    listed = [*private, *(LOOPBACK.split(", ") if allow_http_loopback else [])]
    with _sentences():
        found = visiting.visit(file, url, Reach.listed(listed, plain_loopback=allow_http_loopback))
    if not isinstance(found, Cosigned):
        raise click.ClickException(found.why)
    click.echo(f"Cosigned {found.size} entries.")


@contextmanager
def _sentences() -> Iterator[None]:
    """Turn what the domain refuses into a sentence and exit status 1."""
    try:
        yield
    except DomainError as error:
        raise click.ClickException(error.message) from None
