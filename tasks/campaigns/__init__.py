"""Campaigns: posting one, and moving it from stage to stage."""

from tasks.campaigns.moving import move
from tasks.campaigns.posting import post
from tasks.campaigns.waiting import one as for_approval
from tasks.campaigns.waiting import waiting

__all__ = ["for_approval", "move", "post", "waiting"]
