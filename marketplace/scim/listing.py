"""Pages of resources: what a query asks for, and the answer to it (RFC 7644 §3.4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request
from scim2_models import Context, ResponseParameters, SearchRequest

from agencies.scim.errors import BadFilter
from marketplace.scim.door import about, parsed

LARGEST_PAGE, USUAL_PAGE = 200, 100
LONGEST_FILTER = 2000
LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SEARCH_REQUEST = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


def asked(model: Any, sent: dict[str, Any] | None = None) -> SearchRequest[Any]:
    """The query in the address, or the one that was sent to `.search`. Raises BadResource, BadFilter."""
    given = sent if sent is not None else {"schemas": [SEARCH_REQUEST], **request.args.to_dict()}
    text = next((value for name, value in given.items() if name.lower() == "filter"), None)
    if isinstance(text, str) and len(text) > LONGEST_FILTER:
        raise BadFilter(f"A filter has at most {LONGEST_FILTER:,} characters.")
    query: SearchRequest[Any] = parsed(about(SearchRequest, model), given, Context.SEARCH_REQUEST)
    return query


def wanted_attributes(model: Any) -> ResponseParameters[Any]:
    """`attributes` and `excludedAttributes` of the address. Raises BadResource."""
    chosen = {name: value for name, value in request.args.items() if "attributes" in name.lower()}
    parameters: ResponseParameters[Any] = parsed(about(ResponseParameters, model), chosen, Context.DEFAULT)
    return parameters


def count_of(query: SearchRequest[Any]) -> int:
    """How many resources the answer may hold."""
    return min(LARGEST_PAGE, USUAL_PAGE if query.count is None else query.count)


def start_of(query: SearchRequest[Any]) -> int:
    """How many resources come before the page; bounded, so that it fits every database."""
    return min(max((query.start_index or 1) - 1, 0), 2**31 - 1)


def listed(resources: Sequence[Any], total: int | None = None, start: int = 0) -> dict[str, Any]:
    """A page as SCIM lists it; `start` counts from 0."""
    return {
        "schemas": [LIST_RESPONSE],
        "totalResults": len(resources) if total is None else total,
        "startIndex": start + 1,
        "itemsPerPage": len(resources),
        "Resources": list(resources),
    }
