"""No record, no act: every use-case that is handed an actor and the circumstances writes an entry, or says why not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("agencies", "tasks", "security/log")
RECORD = "security.log.audit.record"

WITHOUT_AN_ENTRY = {
    "tasks.campaigns.waiting.one": "what a campaign asks, as every page of a campaign shows it; no item is opened",
    "tasks.campaigns.waiting.waiting": "what campaigns ask and which colleagues posted them; no item is opened",
    "tasks.drafts.of_claim": "one's own words, which nobody else can open",
    "tasks.drafts.save": "what somebody types for themself, every few seconds: no time of it is kept",
    "tasks.key_requests.look": "whether anything is to be handed out; `waiting` hands it out and writes it",
    "tasks.key_requests.look_at_agency": "whether anything is to be handed out; `of_agency` writes it",
    "tasks.need_to_know.campaigns": "people are read by name: the page writes it (edge/reading_people.py)",
    "tasks.need_to_know.listing": "people are read by name: the page writes it (edge/reading_people.py)",
    "tasks.sealed_results.look": "whether anything is to be handed out; `undecided` hands it out and writes it",
}
"""Use-cases that write none, and why."""


@cache
def modules() -> dict[str, ast.Module]:
    """The domain's modules by name."""
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    names = {file: ".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files}
    return {names[file].removesuffix(".__init__"): ast.parse(file.read_text("utf-8")) for file in files}


@cache
def calls() -> dict[str, set[str]]:
    """What every function of the domain calls, or hands on to be called, by whole names."""
    found: dict[str, set[str]] = {}
    for module, tree in modules().items():
        known = dict(_imported(tree)) | {
            node.name: f"{module}.{node.name}" for node in tree.body if isinstance(node, ast.FunctionDef)
        }
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                found[f"{module}.{node.name}"] = set(_named(node, known))
    return found


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                yield each.asname or each.name, f"{node.module}.{each.name}"


def _named(function: ast.FunctionDef, known: dict[str, str]) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id in known:
            yield known[node.id]
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
            yield f"{known[node.value.id]}.{node.attr}"


def leads_to(function: str, wanted: str) -> bool:
    """Whether a function calls another one, itself or through others."""
    seen, waiting = set(), [function]
    while waiting:
        one = waiting.pop()
        if one == wanted:
            return True
        if one not in seen:
            seen.add(one)
            waiting += calls().get(one, ())
    return False


def use_cases() -> list[str]:
    """Public functions with `actor` and `context` behind the star."""
    return sorted(
        f"{module}.{node.name}"
        for module, tree in modules().items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and {"actor", "context"} <= {each.arg for each in node.args.kwonlyargs}
        and f"{module}.{node.name}" != RECORD
    )


@pytest.mark.parametrize("use_case", use_cases())
def test_a_use_case_writes_an_entry(use_case: str) -> None:
    assert leads_to(use_case, RECORD) is (use_case not in WITHOUT_AN_ENTRY)


def test_the_walk_finds_the_use_cases() -> None:
    assert {"tasks.claims.claim_next", "agencies.roles.grant", "security.log.queries.entries"} <= set(
        use_cases()
    )


def test_the_walk_sees_a_function_that_writes_none() -> None:
    assert not leads_to("security.log.queries.timeline", RECORD)
