"""Bringing an agency with its identity provider in, changing the provider, suspending it.

Bringing in takes two administrators, of two agencies as soon as two have one. Changing takes two administrators of
the agency itself; raising what its provider is trusted with takes what bringing it in took. Suspending takes one and
holds at once; the way back takes two signatures like any change, one of which may be of another agency, because
whoever cannot sign in cannot sign either.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from joserfc.jwk import ECKey
from sqlalchemy import insert, select, text, update

from agencies import directory, holders, organisations, people, proposals, providers, sessions
from agencies.agreement_specs import EnrolmentSpec, ProviderChange, read
from agencies.errors import AgencyTaken, BadAgencySettings, LookAlike, NoSuchProvider, ProviderChanged
from agencies.keys import small_secrets
from agencies.lookalikes import REFUSED, Finding, Known, findings, host_of
from agencies.models import Agency, IdentityProvider
from agencies.proposals import Kind, Place, Proposed, Sealed
from agencies.providers import PRIVATE_KEY_JWT
from marketplace.foundation.db import Tx
from security.canonical import canonical_bytes
from security.decision import Reason
from security.labels import Level
from security.log import audit
from security.principal import Context, Principal, Role

ACTIVE, SUSPENDED = "active", "suspended"
COLUMNS = (
    "issuer",
    "client_id",
    "algorithms",
    "authentication",
    "required_acr",
    "step_up_acr",
    "claim_names",
    "organisation_claim",
    "organisation_values",
    "device_claim",
)
"""What a proposal says of a provider in the words of its row; the clearance ceiling is said as a level."""


def propose(
    tx: Tx, given: Mapping[str, Any], *, checked: bool = False, actor: Principal, context: Context
) -> UUID:
    """Propose a new agency with its provider (`EnrolmentSpec`). Returns the proposal's id.

    `checked` tells whoever signs that the provider was looked at just before and that sign-in can rely on it.
    The secret, or the key that is made here for `private_key_jwt`, is sealed at once and is not in the proposal.
    Raises BadAgencySettings, AgencyTaken, LookAlike, NotPermitted.
    """
    spec = read(EnrolmentSpec, given)
    new, provider = spec["agency"], spec["provider"]
    flags = _checked_as_new(tx, new, provider["issuer"])
    sealed, keys = _sealed(tx, new["slug"], provider["issuer"], provider)
    content = {
        "agency": new,
        "provider": _without_secret(provider),
        "keys": keys,
        "flags": [finding.plain() for finding in flags],
        "checked": checked,
    }
    return proposals.make(
        tx, ENROL, agency_id=actor.agency_id, content=content, sealed=sealed, actor=actor, context=context
    )


def propose_change(
    tx: Tx, slug: str, given: Mapping[str, Any], *, actor: Principal, context: Context
) -> UUID:
    """Propose how an agency's provider is used from now on (`ProviderChange`); a suspended one comes back with it.

    Raises NoSuchProvider, BadAgencySettings, NotPermitted, NotYoursToSign.
    """
    row = _registered(tx, slug)
    spec = read(ProviderChange, given)
    sealed, keys = _renewed(tx, slug, row, spec)
    content = {
        "slug": slug,
        "provider": _without_secret(spec) | {"issuer": row.issuer},
        "keys": keys,
        "was": fingerprint(row),
        "suspended": row.status == SUSPENDED,
        "raises": int(Level.parse(spec["clearance_ceiling"])) > row.clearance_ceiling,
    }
    return proposals.make(
        tx,
        CHANGE,
        agency_id=row.agency_id,
        other_agency_id=None if actor.agency_id == row.agency_id else actor.agency_id,
        content=content,
        sealed=sealed,
        actor=actor,
        context=context,
    )


def suspend(tx: Tx, *, actor: Principal, context: Context) -> int:
    """Stop sign-in by the provider of the actor's agency at once, and end every session it vouched for.

    Returns how many sessions ended. Raises NotPermitted, NoSuchProvider.
    """
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)
    row = _registered(tx, actor.agency_slug)
    tx.execute(_of(row.agency_id).values(status=SUSPENDED))
    ended = sessions.end_of_issuer(tx, row.issuer, actor=actor, context=context)
    target = audit.Target("agency", row.agency_id, row.agency_id)
    audit.record(tx, "provider.suspend", target, actor=actor, context=context, detail={"sessions": ended})
    return ended


def described(db: Tx, agency_id: UUID) -> dict[str, Any] | None:
    """A provider as its agency's administrators see it: settings, status, our public keys there; no secret."""
    row = _row(db, IdentityProvider.agency_id == agency_id)
    if row is None:
        return None
    level = Level(row.clearance_ceiling).label_key
    shown = {name: getattr(row, name) for name in COLUMNS} | {"clearance_ceiling": level}
    return shown | {"status": row.status, "slug": row.slug, "keys": _keys_of(db, row)}


def fingerprint(row: Any) -> str:
    """What a change was proposed against, as a digest: the settings, and the sealed secret whatever its key."""
    plain = {name: getattr(row, name) for name in (*COLUMNS, "clearance_ceiling", "status")}
    plain["secret"] = hashlib.sha256(small_secrets.without_slot(bytes(row.secret_wrapped))).hexdigest()
    return hashlib.sha256(canonical_bytes(plain)).hexdigest()


def register(tx: Tx, new: Mapping[str, Any], provider: Mapping[str, Any], sealed: Sealed) -> UUID:
    """Write a checked agency and its provider. Returns the agency's id. Raises AgencyTaken."""
    agency_id = directory.add(
        tx, **{name: new[name] for name in ("slug", "name", "initials", "tint", "domain")}
    )
    joining = {"mail_domains": new["mail_domains"], "self_join": new["self_join"]}
    tx.execute(update(Agency).where(Agency.id == agency_id).values(**joining))
    row = {"agency_id": agency_id, **_columns(provider), **_secret_columns(sealed)}
    tx.execute(insert(IdentityProvider), row)
    return agency_id


def one_at_a_time(tx: Tx) -> None:
    """Let no other agency come in until this transaction ends: names are compared with what is there."""
    if tx.dialect == "postgresql":  # SQLite has one writer anyway
        tx.execute(text("LOCK TABLE agency IN SHARE ROW EXCLUSIVE MODE"))


def known(db: Tx) -> list[Known]:
    """What every agency is known by, to compare a new one with."""
    chosen = select(
        Agency.slug, Agency.name, Agency.domain, Agency.mail_domains, IdentityProvider.issuer
    ).outerjoin(IdentityProvider)
    return [
        Known(
            row.slug,
            (row.name, row.slug),
            tuple(dict.fromkeys((row.domain, *row.mail_domains))),
            host_of(row.issuer) if row.issuer else None,
        )
        for row in db.all(chosen.order_by(Agency.slug))
    ]


def refuse_look_alikes(found: Sequence[Finding]) -> list[Finding]:
    """The findings that only have to be shown. Raises LookAlike where one must not happen."""
    bad = [finding for finding in found if finding.how in REFUSED]
    if bad:
        reasons = tuple(
            Reason(
                "look_alike",
                {"what": finding.what, "value": finding.value, "agency": finding.other or ""},
                "choose_another_name",
            )
            for finding in bad
        )
        raise LookAlike(reasons=reasons)
    return list(found)


def sealed_for(tx: Tx, slug: str, provider: Mapping[str, Any]) -> tuple[Sealed, list[dict[str, Any]]]:
    """What we authenticate with at a provider of a checked spec, sealed, and our public keys there."""
    return _sealed(tx, slug, provider["issuer"], provider)


def _enrol_places(tx: Tx, found: Proposed) -> list[Place]:
    others = holders.agencies_with_one(tx, (Role.AGENCY_ADMIN,)) - {found.agency_id}
    own = frozenset({found.agency_id})
    return [own, others or own]


def _change_places(tx: Tx, found: Proposed) -> list[Place]:
    """Its own administrators; another agency's where trust grows, and as one of two where nobody can sign in."""
    own, anybody = frozenset({found.agency_id}), holders.agencies_with_one(tx, (Role.AGENCY_ADMIN,))
    if found.content["raises"]:
        return [own, anybody - own or own]
    return [own, anybody if found.content["suspended"] else own]


def _enrol(tx: Tx, found: Proposed, _actor: Principal, _context: Context) -> None:
    new, provider = found.content["agency"], found.content["provider"]
    one_at_a_time(tx)
    _checked_as_new(tx, new, provider["issuer"])
    assert found.sealed is not None
    register(tx, new, provider, found.sealed)


def _change(tx: Tx, found: Proposed, actor: Principal, context: Context) -> None:
    row = _row(tx, IdentityProvider.agency_id == found.agency_id, lock=True)
    if row is None or fingerprint(row) != found.content["was"]:
        raise ProviderChanged()
    secret = _secret_columns(found.sealed) if found.sealed else {}
    columns = _columns(found.content["provider"])
    tx.execute(_of(found.agency_id).values(**columns, **secret, status=ACTIVE))
    if columns["organisation_claim"] != row.organisation_claim:
        organisations.forget(tx, row.issuer)


ENROL = Kind("provider.enrol", _enrol_places, _enrol)
CHANGE = Kind("provider.change", _change_places, _change)


def _checked_as_new(tx: Tx, new: Mapping[str, Any], issuer: str) -> list[Finding]:
    """Whether there is room for this agency; what has to be shown. Raises AgencyTaken, BadAgencySettings, LookAlike."""
    if new["slug"] in directory.slugs(tx):
        raise AgencyTaken(slug=new["slug"])
    if issuer in directory.issuers(tx):
        raise BadAgencySettings(
            errors={"provider": {"issuer": ["This issuer is registered for another agency."]}}
        )
    hosts = tuple(dict.fromkeys((new["domain"], *new["mail_domains"])))
    coming = Known(new["slug"], (new["name"], new["slug"]), hosts, host_of(issuer))
    return refuse_look_alikes(findings(coming, known(tx)))


def _sealed(
    tx: Tx, slug: str, issuer: str, provider: Mapping[str, Any]
) -> tuple[Sealed, list[dict[str, Any]]]:
    ours = provider["authentication"] == PRIVATE_KEY_JWT
    secret = providers.new_client_key() if ours else provider["client_secret"]
    key_id, wrapped = providers.concealed(slug, issuer, provider["client_id"], secret)
    return Sealed(key_id, wrapped), _public(secret) if ours else []


def _renewed(
    tx: Tx, slug: str, row: Any, spec: Mapping[str, Any]
) -> tuple[Sealed | None, list[dict[str, Any]]]:
    """A new secret or key where one is needed or wished for; None where the registered one stays."""
    ours = spec["authentication"] == PRIVATE_KEY_JWT
    other_place = spec["client_id"] != row.client_id or spec["authentication"] != row.authentication
    if not ours and not spec["client_secret"]:
        if other_place or spec["new_key"]:
            raise BadAgencySettings(errors={"client_secret": ["A new secret is needed for this."]})
        return None, []
    if ours and not other_place and not spec["new_key"]:
        return None, []
    return _sealed(tx, slug, row.issuer, spec)


def _public(jwk: str) -> list[dict[str, Any]]:
    return [dict(ECKey.import_key(json.loads(jwk)).as_dict(private=False))]


def _keys_of(db: Tx, row: Any) -> list[dict[str, Any]]:
    if row.authentication != PRIVATE_KEY_JWT:
        return []
    found: list[dict[str, Any]] = providers.public_keys(providers.of(db, row.slug, suspended=True))["keys"]
    return found


def _columns(provider: Mapping[str, Any]) -> dict[str, Any]:
    columns = {name: provider[name] for name in COLUMNS}
    return columns | {"clearance_ceiling": int(Level.parse(provider["clearance_ceiling"]))}


def _secret_columns(sealed: Sealed) -> dict[str, Any]:
    return {"secret_key_id": sealed.key_id, "secret_wrapped": sealed.wrapped}


def _without_secret(provider: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in provider.items() if name not in ("client_secret", "new_key")}


def _registered(tx: Tx, slug: str) -> Any:
    row = _row(tx, Agency.slug == slug, lock=True)
    if row is None:
        raise NoSuchProvider()
    return row


def _row(db: Tx, condition: Any, *, lock: bool = False) -> Any | None:
    chosen = select(IdentityProvider.__table__, Agency.slug).join(Agency).where(condition)
    return db.one_or_none(chosen.with_for_update(of=IdentityProvider) if lock else chosen)


def _of(agency_id: UUID) -> Any:
    return update(IdentityProvider).where(IdentityProvider.agency_id == agency_id)
