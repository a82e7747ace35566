"""`python -m workers pool|files|clock`: the processes of the Procfile that are not the web."""

from __future__ import annotations

import sys

from marketplace.foundation.settings import BadSettings
from workers import clock, pool

PROCESSES = {
    "pool": lambda: pool.run("short"),
    "files": lambda: pool.run("files", size=1),
    "clock": clock.run,
}


def main(words: list[str]) -> int:
    if len(words) == 2 and words[0] == "one":
        pool.serve(words[1], forking=words[1] == "files")
        return 0
    if len(words) != 1 or words[0] not in PROCESSES:
        sys.stderr.write(f"Usage: python -m workers {'|'.join(PROCESSES)}\n")
        return 2
    try:
        PROCESSES[words[0]]()
    except BadSettings as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
