"""`marketplace audit`: proofs of the security record, made by officers and checked by anybody."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from marketplace.cli.audit_export import export
from marketplace.cli.client import Client, for_a_person
from marketplace.cli.speech import as_json, columns
from security import verifier

JSON = click.option("--json", "json_wanted", is_flag=True, help="Print JSON for programs.")
PROOF = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


@click.group()
def audit() -> None:
    """The security record: prove entries, check proofs, see who witnesses it."""


@audit.command()
@click.argument("proof", type=PROOF, metavar="PROOF.json")
@click.option("--log", required=True, metavar="KEY", help="The log's key, from elsewhere than the proof.")
@click.option(
    "--witness", multiple=True, metavar="KEY", help="The key of a witness you trust. May be repeated."
)
@click.option("--quorum", type=int, help="How many of them must have cosigned. Default: all of them.")
def verify(proof: Path, log: str, witness: tuple[str, ...], quorum: int | None) -> None:
    """Check a proof, offline: no settings, no token, no database.

    Exit status 0 where everything holds, 1 where something does not, 2 where it is no proof. The program is one file
    that an auditor can read and run alone: security/verifier.py.

    Example: marketplace audit verify proof.json --log "$(cat log.key)" --witness "$(cat our-witness.key)"
    """
    given = [str(proof), "--log", log]
    for key in witness:
        given += ["--witness", key]
    if quorum is not None:
        given += ["--quorum", str(quorum)]
    sys.exit(verifier.main(given))


@audit.command()
@click.argument("entry", type=click.IntRange(0))
@click.option("--count", type=click.IntRange(1, 100_000), default=1, help="So many entries from there on.")
@click.option(
    "--since", type=click.IntRange(0), help="Show too that the record continues its checkpoint of this size."
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write to a file."
)
@for_a_person
def prove(client: Client, entry: int, count: int, since: int | None, output: Path | None) -> None:
    """Prove that ENTRY (its number) is on the record.

    For security officers. Entries of other agencies are hashes in the proof. Making one is itself on the record.

    Example: marketplace audit prove 1203 -o proof.json
    """
    query = {"first": entry, "count": count} | ({} if since is None else {"since": since})
    text = json.dumps(client.get("/record/proof", **query).json(), ensure_ascii=False)
    if output is None:
        click.echo(text)
    else:
        output.write_text(text, encoding="utf-8")


@audit.command()
@JSON
@for_a_person
def witnesses(client: Client, json_wanted: bool) -> None:
    """List who witnesses the record, and how far each has followed it."""
    found = client.get("/record/witnesses").json()["witnesses"]
    if json_wanted:
        as_json(found)
    elif not found:
        click.echo("Nobody witnesses the record yet. Begin with: marketplace witness make")
    else:
        rows = [
            (row["name"], row["agency"] or "", row["size"], row["seen_at"] or "never", row["refused"] or "")
            for row in found
        ]
        columns(("WITNESS", "AGENCY", "ENTRIES", "COSIGNED", "CONTRADICTS"), rows)


@audit.command()
@click.argument("key")
@click.option(
    "--at",
    metavar="URL",
    help="Where it can be asked. Without: it comes by itself, see: marketplace witness visit",
)
@for_a_person
def register(client: Client, key: str, at: str | None) -> None:
    """Register your agency's witness by its public key.

    KEY is the line that `marketplace witness make` printed.

    Example: marketplace audit register "north.example/witness+1f2e3d4c+BAAA…" --at https://witness.north.example
    """
    client.post("/record/witnesses", json.dumps({"key": key, "url": at}).encode())
    click.echo("Registered.")


@audit.command()
@click.argument("name")
@for_a_person
def acknowledge(client: Client, name: str) -> None:
    """Take note of a contradiction by the witness NAME, so that the next one is told again."""
    client.post("/record/witnesses/acknowledge", json.dumps({"name": name}).encode())
    click.echo("Noted.")


audit.add_command(export)
