"""Who acts, and the circumstances they act in. Frozen values: rules read them, nothing changes them."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from security.labels import Level


class Role(StrEnum):
    """What an agency lets a member be. A person may hold several at once."""

    CONTRIBUTOR = "contributor"
    TASK_OWNER = "task_owner"
    APPRAISER = "appraiser"
    SECURITY_OFFICER = "security_officer"
    OPERATOR = "operator"
    AGENCY_ADMIN = "agency_admin"
    LINE_MANAGER = "line_manager"
    MARKETPLACE_OFFICER = "marketplace_officer"
    DATA_PROTECTION = "data_protection"
    WORKS_COUNCIL = "works_council"


class Zone(StrEnum):
    """The network a request comes from. Without evidence it is PUBLIC, the worst case."""

    OFFICE = "office"
    VPN = "vpn"
    HOME = "home"
    PUBLIC = "public"


class Device(StrEnum):
    """What is known of the device. MANAGED by a client certificate or a claim its agency's provider signed."""

    UNKNOWN = "unknown"
    ENROLLED = "enrolled"
    MANAGED = "managed"


class Factor(StrEnum):
    """How strongly the person signed in, as their provider's `acr` says; NONE where nothing says so."""

    NONE = "none"
    SINGLE = "single"
    MULTI = "multi"


@dataclass(frozen=True, slots=True)
class Principal:
    """A person in one membership of one agency, as read at the beginning of a request.

    `subject_id` is the random id the security log knows the person by.
    """

    person_id: UUID
    membership_id: UUID
    agency_id: UUID
    agency_slug: str
    agency_name: str
    agency_initials: str
    subject_id: UUID
    name: str
    roles: frozenset[Role]
    clearance: Level
    compartments: frozenset[str]
    skills: frozenset[str]
    locale: str
    partner: bool = False
    home_agency: str | None = None
    """For a secondment: the name of the agency that vouches for the person."""
    until: datetime | None = None
    rules_version: int = 0
    """The number of the rules of this person's agency that hold now; 0 for none."""


@dataclass(frozen=True, slots=True)
class Context:
    """Through which door, from where and how strongly authenticated. Evidence, never input.

    `channel` is "web", "api", "cli" or "job"; `auth_time` is aware, in UTC. What is left out counts as the worst
    case.
    `address` serves rate limits and zone look-up only: it stays out of `repr` so that it reaches no log.
    """

    channel: str
    zone: Zone = Zone.PUBLIC
    device: str = Device.UNKNOWN
    acr: str | None = None
    auth_time: datetime | None = None
    session: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    factor: Factor = Factor.NONE
    device_id: str | None = field(default=None, repr=False)
    """What the security record knows this browser or device by; only the device itself holds what it is made of."""

    def apart(self) -> Self:
        """The same without what ties an entry to others of its person: for entries that are shown to other agencies."""
        return replace(self, session=None, device_id=None, address=None)


JOB = Context("job", Zone.OFFICE, "managed")
"""The circumstances in which the marketplace itself acts: on its own hosts, for nobody in particular."""
