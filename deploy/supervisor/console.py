"""What people see: progress while starting, warnings of the processes, the demo's sign-ins."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from deploy.identity.demo import Agency, Person

WARNING = re.compile(
    r'"level": ?"(warning|error|critical)"'  # ours
    r"|^(WARNING|ERROR|CRITICAL) |\[(WARNING|ERROR|CRITICAL)\]"  # libraries, gunicorn
    r"|^[\w.]*(Error|Exception|BadSettings):"  # the last line of a traceback
)

DUTIES = {
    "contributor": "does microtasks",
    "task_owner": "posts campaigns",
    "appraiser": "appraises",
    "security_officer": "reads the access record",
    "operator": "keeps it running",
    "agency_admin": "administers the agency",
    "line_manager": "sees hours agreed and used",
    "marketplace_officer": "reads the whole access record",
    "data_protection": "sees which numbers are counted",
    "works_council": "agrees to what is counted",
}


def tell(sentence: str) -> None:
    """A line for whoever sits at the terminal. When nobody does any more, the marketplace goes on."""
    with suppress(OSError):
        print(sentence, file=sys.stderr, flush=True)


class Tail:
    """Reads what was added to a log and shows the lines that are warnings or worse."""

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self.log = log
        self.offset = log.stat().st_size if log.is_file() else 0
        self.rest = b""

    def show_warnings(self) -> None:
        for line in self._new_lines():
            if WARNING.search(line):
                tell(f"{self.name} | {line}")

    def _new_lines(self) -> list[str]:
        try:
            size = self.log.stat().st_size
            if size < self.offset:
                self.offset, self.rest = 0, b""
            if size == self.offset:
                return []
            with self.log.open("rb") as file:
                file.seek(self.offset)
                added = self.rest + file.read(1_000_000)
                self.offset = file.tell()
        except FileNotFoundError:
            return []
        *lines, self.rest = added.split(b"\n")
        return [line.decode("utf-8", "replace") for line in lines]


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a log, indented, for the message about a process that does not start."""
    if not log.is_file():
        return ""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
    return "\n".join(f"    {line}" for line in lines)


def sign_ins(agencies: Iterable[Agency]) -> str:
    """The demo's people as a table: login, name, what they can do, their clearance."""
    blocks = []
    for agency in agencies:
        rows = [f"    {person.login:<7}{person.name:<16}{_duties(person)}" for person in agency.people]
        blocks.append("\n".join([f"  {agency.name}", *rows]))
    return "Sign in with your agency; the demo asks for no password.\n" + "\n".join(blocks)


def _duties(person: Person) -> str:
    if not person.registered:
        return "has an account there only; joins by signing in"
    return ", ".join(DUTIES[role] for role in person.roles) + f" (cleared for {person.clearance})"
