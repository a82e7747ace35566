"""`python -m deploy.supervisor.prepare`: tables up to date and, in an empty database, the demo's content.

The same as `marketplace db upgrade` and `marketplace demo seed`, in one process because starting costs most of both.
"""

from __future__ import annotations

import sys

from deploy import migrating
from deploy.samples import seed
from marketplace.cli.opening import opened
from marketplace.foundation.db import engine
from marketplace.foundation.errors import DomainError
from marketplace.foundation.settings import BadSettings


def main() -> int:
    """Returns 1, with a sentence on standard error, when the settings or the content are refused."""
    try:
        settings = opened()
        migrating.upgrade(engine())
        if settings.demo:
            seed.seed(settings.home)
    except (BadSettings, DomainError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
