"""`marketplace`: what operators, owners and programs type. One module per noun.

The console script is `deploy.commands:main`, which adds the nouns that need migrations and samples.
"""

from __future__ import annotations

import click

from marketplace.cli.agency import agency
from marketplace.cli.agency_worker import worker
from marketplace.cli.api import api
from marketplace.cli.audit import audit
from marketplace.cli.campaign import campaign
from marketplace.cli.campaign_recover import offline
from marketplace.cli.device import device
from marketplace.cli.job import job
from marketplace.cli.key_release import key
from marketplace.cli.keys import keys
from marketplace.cli.person import person
from marketplace.cli.rules import rules
from marketplace.cli.skills import skills
from marketplace.cli.witness import witness


@click.group(
    name="marketplace", context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
def group() -> None:
    """The cross-agency microtasking marketplace.

    Commands about content (campaign, device) are API clients and need a person's token. Commands for operators (db,
    job, most of keys, skills import) work on the database, hold no content and act as nobody.
    """


for noun in (agency, api, audit, campaign, device, job, key, keys, person, rules, skills, witness, worker):
    group.add_command(noun)
key.add_command(offline)
