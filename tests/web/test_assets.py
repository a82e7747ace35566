"""Assets: one address per content, cached for ever, compressed once."""

from __future__ import annotations

import gzip
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from marketplace.web import assets
from tests.web.stage import Stage

BUDGET = 120_000
"""Bytes of a first work page with everything it loads, compressed."""


def test_an_asset_is_cached_for_ever_under_its_digest(stage: Stage) -> None:
    answer = _fetched(stage, "market.css")
    assert answer.status_code == 200
    assert answer.content_type == "text/css; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_an_asset_is_gzipped_only_for_those_who_take_it(stage: Stage) -> None:
    packed, plain = _fetched(stage, "market.css"), _fetched(stage, "market.css", encoding="identity")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["Vary"] == "Accept-Encoding"


def test_another_digest_is_not_found(stage: Stage) -> None:
    assert stage.client().get("/assets/0123456789abcdef/market.css").status_code == 404
    digest = stage.app.extensions["market_assets"]["market.css"].digest
    assert stage.client().get(f"/assets/{digest}/../secrets.css").status_code == 404


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(assets, "DESIGN", tmp_path)
    with pytest.raises(assets.MissingAsset, match=r"theme/designsystemet\.css"):
        assets.load()


def test_the_style_sheet_loads_the_font_from_here(stage: Stage) -> None:
    sheet = _fetched(stage, "market.css", encoding="identity").get_data(as_text=True)
    assert "asset:" not in sheet
    assert re.findall(r'url\("?(?!data:)([^")]+)', sheet) == [
        f"../{stage.app.extensions['market_assets']['inter.woff2'].digest}/inter.woff2"
    ]


def test_the_first_work_page_fits_its_budget(stage: Stage) -> None:
    client = stage.client("maja")
    page = client.get(f"/claims/{stage.claim('maja')}")
    addresses = set(re.findall(r'(?:href|src)="(/assets/[^"]+)"', page.get_data(as_text=True)))
    total = len(page.data) + sum(
        len(client.get(address, headers={"Accept-Encoding": "gzip"}).data) for address in addresses
    )
    assert len(addresses) >= 4
    assert total <= BUDGET, total


def _fetched(stage: Stage, name: str, encoding: str = "gzip"):  # type: ignore[no-untyped-def]
    digest = stage.app.extensions["market_assets"][name].digest
    return stage.client().get(f"/assets/{digest}/{name}", headers={"Accept-Encoding": encoding})


def test_a_script_is_loaded_with_all_it_imports_each_held_to_its_digest(stage: Stage) -> None:
    with stage.app.test_request_context():
        written = str(assets.module(stage.app.extensions["market_assets"], "device-keys.js"))
    *preloads, script = written.split("\n")
    assert script.startswith('<script type="module" src="/assets/')
    assert len(preloads) >= 3
    assert all(line.startswith('<link rel="modulepreload" href="/assets/') for line in preloads)
    for line in (*preloads, script):
        found = re.search(r'(?:href|src)="([^"]+)" integrity="sha256-([^"]+)"', line)
        assert found, line
        body = stage.client().get(found[1], headers={"Accept-Encoding": "identity"}).data
        assert b64encode(sha256(body).digest()).decode() == found[2]


def test_every_page_holds_its_first_script_to_its_digest(stage: Stage) -> None:
    page = stage.client().get("/").get_data(as_text=True)
    integrity = stage.app.extensions["market_assets"]["page.js"].integrity
    assert re.search(rf'<script type="module" src="[^"]+/page\.js" integrity="{re.escape(integrity)}">', page)
