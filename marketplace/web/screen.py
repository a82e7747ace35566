"""What a page of a sealed item needs for the rules at the screen: `parts/screen.html` reads it."""

from __future__ import annotations

from dataclasses import dataclass

from agencies.oversight import screen_codes
from marketplace.edge.acting import current_context, settings
from marketplace.foundation.db import Tx
from tasks import at_screen
from tasks.facts import CampaignFacts


@dataclass(frozen=True, slots=True)
class Screen:
    """How an item is shown here. `idle_minutes`: it closes after so long; `code` lies over it; both may be missing."""

    idle_minutes: int | None
    code: str | None


def of(db: Tx, campaign: CampaignFacts) -> Screen:
    """How an item of a campaign is shown in this request."""
    context = current_context()
    rules = at_screen.shown(db, campaign, context.zone)
    marked = rules.watermark and context.session is not None
    code = screen_codes.of_session(settings().secret_key, str(context.session)) if marked else None
    return Screen(rules.idle_minutes, code)
