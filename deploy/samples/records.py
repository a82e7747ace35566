"""Real public records for the demo, read from npm packages that the lock pins; installed, not committed."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

from deploy.setup.ground import ROOT

PACKAGES = ROOT / "node_modules"
STRIKES = PACKAGES / "vega-datasets" / "data" / "birdstrikes.csv"
SPEECHES = PACKAGES / "@stdlib" / "datasets-sotu" / "data"

EVERY_FIFTH = 5
"""2,000 of the 10,000 reports, spread over all years."""
PASSAGE_WORDS = 90
PASSAGES_PER_SPEECH = 2


def strikes() -> str:
    """FAA wildlife-strike reports as CSV text with the package's own columns."""
    with STRIKES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return _written([rows[0], *rows[1::EVERY_FIFTH]])


def speeches() -> str:
    """Passages of State of the Union addresses as CSV text: passage, year, president."""
    return _written([["passage", "year", "president"], *_passages(SPEECHES)])


def passages(text: str, words: int = PASSAGE_WORDS) -> list[str]:
    """The text in passages of whole sentences of about `words` words; the source has one line per address."""
    found: list[str] = []
    held: list[str] = []
    for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z])", " ".join(text.split())):
        held.append(sentence)
        if sum(len(part.split()) for part in held) >= words:
            found.append(" ".join(held))
            held = []
    return found


def _passages(folder: Path) -> Iterator[list[str]]:
    """Two passages from inside each address: neither the greeting nor the farewell."""
    for path in sorted(folder.glob("*.json")):
        speech = json.loads(path.read_text(encoding="utf-8"))
        inside = passages(speech["text"])[1:-1]
        step = max(1, len(inside) // PASSAGES_PER_SPEECH)
        for passage in inside[step // 2 :: step][:PASSAGES_PER_SPEECH]:
            if len(passage) <= 4_000:
                yield [passage, str(speech["year"]), speech["name"]]


def _written(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
