"""Proofs: ours against the definitions of the RFC, and against a second checker that shares no code with the first."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security import merkle_proofs as proofs
from security import tiles
from security.merkle import EMPTY_ROOT, leaf_hash, node_hash

LEAVES = [leaf_hash(bytes([number & 255, number >> 8])) for number in range(700)]


def mth(leaves: list[bytes]) -> bytes:
    """The tree head as section 2.1.1 defines it."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + mth(leaves[:split]) + mth(leaves[split:])).digest()


def path(number: int, leaves: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]) as section 2.1.3.1 defines it."""
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if number < split:
        return [*path(number, leaves[:split]), mth(leaves[split:])]
    return [*path(number - split, leaves[split:]), mth(leaves[:split])]


def subproof(old: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b) as section 2.1.4.1 defines it."""
    if old == len(leaves):
        return [] if whole else [mth(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if old <= split:
        return [*subproof(old, leaves[:split], whole), mth(leaves[split:])]
    return [*subproof(old - split, leaves[split:], False), mth(leaves[:split])]


def out_of(leaves: list[bytes]) -> Callable[[int, int], bytes]:
    def subtree(level: int, index: int) -> bytes:
        mine = leaves[index << level : index + 1 << level]
        assert len(mine) == 1 << level, "only complete subtrees are asked for"
        return mth(mine)

    return subtree


sizes = st.integers(1, 130)


@given(sizes, st.data())
def test_an_inclusion_path_is_what_the_definition_says_and_holds(size: int, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, size - 1))
    leaves = LEAVES[:size]
    made = proofs.inclusion(number, size, out_of(leaves))
    assert made == path(number, leaves)
    assert proofs.included(leaves[number], number, size, made, mth(leaves))


@given(sizes, st.data())
def test_a_consistency_proof_is_what_the_definition_says_and_holds(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    leaves = LEAVES[:size]
    made = proofs.consistency(old, size, out_of(leaves))
    assert made == ([] if old == size else subproof(old, leaves, True))
    assert proofs.consistent(old, mth(leaves[:old]), size, mth(leaves), made)


@given(sizes, st.data())
def test_an_inclusion_path_that_was_touched_does_not_hold(size: int, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, size - 1))
    leaves = LEAVES[:size]
    made, root = proofs.inclusion(number, size, out_of(leaves)), mth(leaves)
    other = data.draw(st.integers(0, 200))
    if other != number:
        assert not proofs.included(leaves[number], other, size, made, root)
    assert not proofs.included(leaf_hash(b"another"), number, size, made, root)
    assert not proofs.included(leaves[number], number, size, [*made, root], root)
    for place in range(len(made)):
        assert not proofs.included(leaves[number], number, size, made[:place] + made[place + 1 :], root)
        changed = [*made[:place], leaf_hash(made[place]), *made[place + 1 :]]
        assert not proofs.included(leaves[number], number, size, changed, root)


@given(sizes, st.data())
def test_a_consistency_proof_that_was_touched_does_not_hold(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    leaves = LEAVES[:size]
    made = proofs.consistency(old, size, out_of(leaves))
    old_root, root = mth(leaves[:old]), mth(leaves)
    forked = mth([leaf_hash(b"forked"), *leaves[1:]])
    assert not proofs.consistent(old, old_root, size, forked, made)
    assert not proofs.consistent(old, leaf_hash(old_root), size, root, made)
    assert not proofs.consistent(old, old_root, size, root, [*made, root])
    for place in range(len(made)):
        assert not proofs.consistent(old, old_root, size, root, made[:place] + made[place + 1 :])


def test_nothing_is_the_beginning_of_everything() -> None:
    assert proofs.consistent(0, EMPTY_ROOT, 5, mth(LEAVES[:5]), [])
    assert not proofs.consistent(0, mth(LEAVES[:1]), 5, mth(LEAVES[:5]), [])
    assert not proofs.consistent(0, EMPTY_ROOT, 5, mth(LEAVES[:5]), [LEAVES[0]])
    assert not proofs.consistent(5, mth(LEAVES[:5]), 3, mth(LEAVES[:3]), [])
    assert proofs.root_of(0, out_of([])) == EMPTY_ROOT


@pytest.mark.parametrize(("number", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_a_leaf_outside_of_the_tree_has_no_path(number: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in this tree"):
        proofs.inclusion(number, size, out_of(LEAVES[:size]))
    assert not proofs.included(LEAVES[0], number, size, [], LEAVES[0])


class TestTiles:
    @given(st.lists(st.integers(0, 300), max_size=5))
    def test_a_tree_that_grew_in_steps_has_the_root_and_the_proofs_of_the_whole(
        self, steps: list[int]
    ) -> None:
        stored: dict[tuple[int, int], bytes] = {}
        size = 0
        for step in steps:
            added = LEAVES[: step % 256]
            edges = {tile.level or 0: stored[tile.level or 0, tile.number] for tile in tiles.edge(size)}
            stored |= tiles.grown(size, edges, added)
            size += len(added)
        leaves = [leaf for step in steps for leaf in LEAVES[: step % 256]]
        subtree = tiles.subtrees(lambda level, number: stored[level, number])
        assert proofs.root_of(size, subtree) == mth(leaves)
        if size:
            number = size * 2 // 3
            made = proofs.inclusion(number, size, subtree)
            assert proofs.included(leaves[number], number, size, made, mth(leaves))
            assert all(
                len(hashes) == 32 * tiles.width_at(size, level, number)
                for (level, number), hashes in stored.items()
            )

    def test_a_large_tree_needs_few_tiles(self) -> None:
        stored = tiles.grown(0, {}, LEAVES * 100)
        asked: list[tuple[int, int]] = []

        def tile(level: int, number: int) -> bytes:
            asked.append((level, number))
            return stored[level, number]

        size = len(LEAVES) * 100
        made = proofs.inclusion(12_345, size, tiles.subtrees(tile))
        assert proofs.included(LEAVES[12_345 % 700], 12_345, size, made, mth(LEAVES * 100))
        assert len(asked) == len(set(asked)) <= 6

    @pytest.mark.parametrize(
        ("tile", "address"),
        [
            (tiles.Tile(0, 1234067), "0/x001/x234/067"),
            (tiles.Tile(2, 0, 1), "2/000.p/1"),
            (tiles.Tile(None, 999, 255), "entries/999.p/255"),
            (tiles.Tile(None, 1000), "entries/x001/000"),
        ],
    )
    def test_every_tile_has_an_address(self, tile: tiles.Tile, address: str) -> None:
        assert tile.path == address
        assert tiles.parse_path(address) == tile

    @pytest.mark.parametrize(
        "address",
        ["", "0/1", "00/000", "64/000", "0/000.p/0", "0/000.p/256", "0/000.p/01", "0/x000/001", "0/001/002",
         "0/x01/002", "-1/000", "entries/000/", "entries/000.p/999", "0/000 ", "data/000"],
    )  # fmt: skip
    def test_other_addresses_name_no_tile(self, address: str) -> None:
        assert tiles.parse_path(address) is None

    def test_the_tiles_of_the_specifications_example(self) -> None:
        assert list(tiles.edge(70_000)) == [
            tiles.Tile(0, 273, 112),
            tiles.Tile(1, 1, 17),
            tiles.Tile(2, 0, 1),
        ]
        assert list(tiles.edge(256)) == [tiles.Tile(1, 0, 1)]
        assert [tiles.width_at(70_000, 0, number) for number in (272, 273, 274)] == [256, 112, 0]

    @given(st.lists(st.binary(max_size=300), max_size=20))
    def test_a_bundle_gives_its_entries_back(self, entries: list[bytes]) -> None:
        served = tiles.bundle(entries)
        assert tiles.entries_in(served) == entries
        if served:
            with pytest.raises(ValueError, match="cut short"):
                tiles.entries_in(served + b"\x00")

    def test_an_edge_of_another_size_is_refused(self) -> None:
        with pytest.raises(ValueError, match="does not belong"):
            tiles.grown(3, {0: LEAVES[0]}, LEAVES[:1])


def test_a_node_of_two_leaves() -> None:
    assert mth(LEAVES[:2]) == node_hash(LEAVES[0], LEAVES[1])
