"""One supervised process: started in a group of its own, restarted with growing pauses, stopped without remains."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from deploy.setup.ground import ending_with_us

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
CALM_AFTER = 30.0
"""Seconds a process has to live until its next death counts as the first again."""
LARGEST_LOG = 5_000_000


@dataclass
class Child:
    """A process the supervisor looks after. `first_words` go to its standard input, which then stays open."""

    name: str
    command: Sequence[str]
    log: Path
    first_words: str = ""
    grace: float = 25.0
    """Seconds from TERM to KILL."""
    process: subprocess.Popen[bytes] | None = None
    deaths: int = 0
    started_at: float = 0.0
    again_at: float = 0.0
    stopping: bool = field(default=False)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, env: Mapping[str, str]) -> None:
        """Start it; its output is appended to the log. Raises OSError when the program is not there."""
        self.started_at = time.monotonic()
        _rotate(self.log)
        with open(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
            self.process = subprocess.Popen(
                self.command,
                env=dict(env),
                stdin=subprocess.PIPE if self.first_words else subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=ending_with_us(signal.SIGTERM),
            )
        if self.first_words and self.process.stdin:
            with suppress(BrokenPipeError):  # it died at once; look_after will see
                self.process.stdin.write(self.first_words.encode())
                self.process.stdin.flush()

    def look_after(self, env: Mapping[str, str]) -> str | None:
        """Notice a death and start again when the pause is over. Returns a sentence when it died just now."""
        if self.process is None or self.stopping or self.alive:
            return None
        now = time.monotonic()
        if not self.again_at:
            self._end_group()
            self.deaths = 1 if now - self.started_at > CALM_AFTER else self.deaths + 1
            pause = min(FIRST_PAUSE * 2 ** (self.deaths - 1), LONGEST_PAUSE)
            self.again_at = now + pause
            return f"{self.name} ended with {_status(self.process.returncode)}; again in {pause:g} s"
        if now >= self.again_at:
            self.again_at = 0.0
            self.start(env)
        return None

    def ask_to_stop(self) -> None:
        """Send TERM to the process itself; it stops its own."""
        self.stopping = True
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def finish(self, deadline: float) -> None:
        """Wait until the deadline (monotonic seconds), then kill whatever is left of its group."""
        if self.process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, deadline - time.monotonic()))
        self._end_group()
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()

    def _end_group(self) -> None:
        if self.process is None:
            return
        with suppress(ProcessLookupError):  # raised when nothing is left of it
            os.killpg(self.process.pid, signal.SIGKILL)


def _rotate(log: Path) -> None:
    if log.is_file() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))


def _status(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"status {code}"
