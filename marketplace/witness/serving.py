"""The witness as a program that logs ask over HTTP (C2SP tlog-witness): POST …/add-checkpoint, and nothing else."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from marketplace.witness import state
from security.witnessing import Refusal

LONGEST_REQUEST = 80 * 1024
SECONDS = 10
"""How long one connection may take to say what it wants."""


class Server(ThreadingHTTPServer):
    """A server for the witness whose file is `file`, bound and not yet serving."""

    daemon_threads = True

    def __init__(self, file: Path, host: str, port: int) -> None:
        self.file = file
        super().__init__((host, port), _Asked)


class _Asked(BaseHTTPRequestHandler):
    server: Server

    timeout = SECONDS
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path.rstrip("/").rpartition("/")[2] != "add-checkpoint":
            self._say(404, "There is nothing here but add-checkpoint.\n")
        elif not length.isdigit() or int(length) > LONGEST_REQUEST:
            self.close_connection = True
            self._say(413, "A request has a length, of 80 KiB at most.\n")
        else:
            self._judge(self.rfile.read(int(length)))

    def do_GET(self) -> None:
        self._say(405, "A checkpoint is sent here by POST.\n")

    def _judge(self, body: bytes) -> None:
        try:
            found = state.answer(self.server.file, body.decode("utf-8"), int(time.time()))
        except UnicodeDecodeError:
            found = Refusal(400, "This is not a request for a cosignature.")
        except (state.BadState, OSError):
            self.log_error("the file of this witness cannot be read or written")
            found = Refusal(503, "This witness cannot use its file at the moment.")
        if isinstance(found, state.Cosigned):
            self._say(200, found.line)
        elif found.size is not None:
            self._say(found.status, f"{found.size}\n", "text/x.tlog.size")
        else:
            self._say(found.status, found.why + "\n")

    def _say(self, status: int, text: str, kind: str = "text/plain; charset=utf-8") -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass
