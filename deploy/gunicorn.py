"""How gunicorn serves the marketplace: one process per core, four threads each, connections kept open.

The size of a request's body is limited by the application, its lines and header fields here.
"""

import os
from pathlib import Path

bind = os.environ.get("MARKET_BIND") or f"127.0.0.1:{os.environ.get('MARKET_PORT') or '8000'}"
worker_class = "gthread"
workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
threads = 4
keepalive = 15

# A request that is being answered may end; a client that only holds its connection may not keep us.
timeout = 60
graceful_timeout = 20

# The heartbeat file of a worker belongs in memory: a busy disk must not look like a hanging worker.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  (a folder, not a file name)

# Requests are logged by the application, without addresses and query strings.
accesslog = None
errorlog = "-"
loglevel = "info"

control_socket_disable = True
proc_name = "marketplace-web"
