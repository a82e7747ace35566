"""Cases are named after the modules of the OpenID Foundation's conformance suite for relying parties."""

from __future__ import annotations

import pytest


def case(name: str) -> pytest.MarkDecorator:
    """Put a module's full name into the id of the test that answers to it."""
    return pytest.mark.parametrize("module", [name], ids=[name], indirect=True)
