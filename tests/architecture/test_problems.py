"""Every error has its row in the one table, and every row has an error."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import pytest

import agencies
import marketplace
import security
import tasks
import workers
from marketplace.edge.problems import PROBLEMS, row_for
from marketplace.foundation.errors import DomainError, every_subclass


def _import_all(package: ModuleType) -> None:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


for package in (marketplace, security, agencies, tasks, workers):
    _import_all(package)


@pytest.mark.parametrize("kind", every_subclass(), ids=lambda kind: kind.__qualname__)
def test_every_error_has_a_row_and_a_sentence(kind: type[DomainError]) -> None:
    row = row_for(kind)
    assert row is not None
    if kind is not DomainError:
        assert row is not PROBLEMS[DomainError], "nothing more precise than the last resort is known for it"
    assert kind().message.endswith((".", "?"))


def test_rows_are_told_apart_by_their_slug() -> None:
    said: dict[str, tuple[int, str]] = {}
    for row in PROBLEMS.values():
        assert said.setdefault(row.slug, (row.status, row.title)) == (row.status, row.title)
        assert 400 <= row.status <= 599
