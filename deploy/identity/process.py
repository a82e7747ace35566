"""How the identity providers are started."""

from __future__ import annotations

from pathlib import Path

from deploy.setup import node

SERVER = Path(__file__).with_name("server.mjs")


def command() -> list[str]:
    """The command line of the Node process; its settings go to its standard input as one line of JSON."""
    return [str(node.binary()), str(SERVER)]
