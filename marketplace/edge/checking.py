"""Looking at a provider before it is registered, by the same careful line that sign-in uses."""

from __future__ import annotations

from collections.abc import Sequence

from agencies.errors import BadAgencySettings
from marketplace.edge.acting import settings
from marketplace.edge.relying_party.probe import probe
from marketplace.edge.strict_client import reach_of
from security.oidc import Fault


def faults_of(issuer: str) -> list[Fault]:
    """What is wrong with the provider at `issuer`, what must be mended first. Takes up to three seconds a document."""
    found = probe(issuer, reach_of(settings()))
    return sorted(found, key=lambda fault: not fault.serious)


def check(issuer: str) -> None:
    """Raises BadAgencySettings where sign-in could not rely on the provider."""
    serious: Sequence[Fault] = [fault for fault in faults_of(issuer) if fault.serious]
    if serious:
        said = [f"{fault.sentence} {fault.remedy}" for fault in serious]
        raise BadAgencySettings(errors={"provider": {"issuer": said}}, faults_of_provider=serious)
