"""The person behind the token."""

from __future__ import annotations

from flask import Response

from agencies import directory
from marketplace.api.door import api, refuses
from marketplace.api.replies import reply
from marketplace.api.schemas import Me
from marketplace.edge.acting import current_principal
from marketplace.foundation.db import reading


@api.get("/me")
@refuses()
@api.response(200, Me)
def me() -> Response:
    """Say for whom this token acts.

    Roles, clearance and skills are read afresh with every call.
    """
    principal = current_principal()
    with reading() as db:
        labels = directory.skill_labels(db, principal.locale, principal.skills)
    return reply(
        {
            "name": principal.name,
            "agency": {
                "slug": principal.agency_slug,
                "name": principal.agency_name,
                "initials": principal.agency_initials,
            },
            "roles": sorted(principal.roles),
            "clearance": principal.clearance.label_key,
            "skills": [{"code": code, "label": labels.get(code, code)} for code in sorted(principal.skills)],
            "locale": principal.locale,
        }
    )
