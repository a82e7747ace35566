"""`python -m deploy.samples.witnesses`: the demo agencies' witnesses, each with a file and a port of its own.

In earnest each runs at its agency, on a machine that the marketplace's operator does not reach; here they share one
process, so that a newcomer sees a record that others vouch for.
"""

from __future__ import annotations

import sys
import threading

from deploy.identity import demo
from deploy.samples import seed
from marketplace.cli.opening import opened
from marketplace.foundation.db import transaction
from marketplace.foundation.errors import DomainError
from marketplace.foundation.settings import BadSettings, Settings
from marketplace.witness import state
from marketplace.witness.serving import Server
from security.log import log_key, witnesses
from security.principal import Role


def main() -> int:
    """Serve until stopped. Returns 1, with a sentence on standard error, where that cannot begin."""
    try:
        settings = opened()
        officers = ((agency, _officer(agency)) for agency in demo.agencies())
        servers = [_serving(settings, agency, login) for agency, login in officers if login is not None]
    except (BadSettings, DomainError) as problem:
        print(problem, file=sys.stderr)
        return 1
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 0


def _officer(agency: demo.Agency) -> str | None:
    """The login of the agency's security officer; without one nobody would look at what its witness says."""
    return next((each.login for each in agency.people if Role.SECURITY_OFFICER in each.roles), None)


def _serving(settings: Settings, agency: demo.Agency, officer: str) -> Server:
    """The agency's witness, following the log and registered by the agency's officer at where it listens now."""
    file = settings.home / "witnesses" / f"{agency.slug}.json"
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        state.make(file, f"{agency.domain}/witness")
    state.follow(file, log_key.ensure(settings.log_key, settings.log_origin).verifier)
    server = Server(file, "127.0.0.1", 0)
    with transaction() as tx:
        witnesses.register(
            tx,
            str(state.read(file).signer.verifier),
            f"http://127.0.0.1:{server.server_address[1]}",
            actor=seed.principal(tx, settings.home, officer),
            context=seed.CONTEXT,
        )
    return server


if __name__ == "__main__":
    sys.exit(main())
