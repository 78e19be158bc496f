"""Versions: old facts are read as the newest, stored bytes stay what they were."""

from typing import Annotated

import contract_strategies as some
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from contract.codec import Stamp, decode, encode, verify_chain
from contract.envelope import NO_DIGEST
from contract.errors import Malformed, UnknownType
from contract.registry import DOWN, UP, Registry
from contract.values import Seq


class ShelfMovedV1(Struct, frozen=True, forbid_unknown_fields=True):
    place: str


class ShelfMovedV2(Struct, frozen=True, forbid_unknown_fields=True):
    aisle: str
    bay: Annotated[int, Meta(ge=1)] = 1


class ShelfMovedV3(Struct, frozen=True, forbid_unknown_fields=True):
    aisle: str
    bay: int
    level: int = 0


REGISTRY = Registry(
    {"shelf.moved.v1": ShelfMovedV1, "shelf.moved.v2": ShelfMovedV2, "shelf.moved.v3": ShelfMovedV3},
    {
        ShelfMovedV1: lambda old: ShelfMovedV2(aisle=old.place),
        ShelfMovedV2: lambda old: ShelfMovedV3(aisle=old.aisle, bay=old.bay),
    },
)
BEFORE = Registry({"shelf.moved.v1": ShelfMovedV1})


@pytest.mark.parametrize(
    ("name", "raw", "newest"),
    [
        ("shelf.moved.v1", b'{"place":"A"}', ShelfMovedV3("A", 1)),
        ("shelf.moved.v2", b'{"aisle":"A","bay":4}', ShelfMovedV3("A", 4)),
        ("shelf.moved.v2", b'{"aisle":"A"}', ShelfMovedV3("A", 1)),
        ("shelf.moved.v3", b'{"aisle":"A","bay":4,"level":2}', ShelfMovedV3("A", 4, 2)),
    ],
)
def test_every_version_is_read_as_the_newest(name, raw, newest):
    assert REGISTRY.decode(name, raw) == newest


@given(some.lane_sources, st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=3))
def test_a_chain_written_by_the_last_release_verifies_and_is_read_as_the_newest(source, places):
    data = [ShelfMovedV1(place) for place in places]
    stored = some.chain(data, source, at=some.EXAMPLE_AT, registry=BEFORE)
    facts = list(verify_chain(stored, registry=REGISTRY))
    assert [fact.data for fact in facts] == [ShelfMovedV3(place, 1) for place in places]
    assert {fact.type for fact in facts} == {"shelf.moved.v1"}


@given(some.lane_sources)
def test_a_release_does_not_read_what_a_newer_one_writes_and_says_so(source):
    stamp = Stamp(at=some.EXAMPLE_AT)
    raw = encode(ShelfMovedV3("A", 1), source=source, seq=Seq(1), prev=NO_DIGEST, stamp=stamp, registry=REGISTRY)
    with pytest.raises(UnknownType) as refusal:
        decode(raw, registry=BEFORE)
    assert (refusal.value.what, refusal.value.where) == ("unknown type 'shelf.moved.v3'", "$.type")


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("shelf.moved.v1", b'{"aisle":"A","bay":4}'),
        ("shelf.moved.v2", b'{"place":"A"}'),
        ("shelf.moved.v2", b'{"aisle":"A","bay":0}'),
        ("shelf.moved.v3", b'{"aisle":"A"}'),
    ],
)
def test_a_version_is_checked_as_itself_before_it_becomes_the_newest(name, raw):
    with pytest.raises(Malformed):
        REGISTRY.decode(name, raw)


def test_a_name_is_known_for_every_struct_and_struct_for_every_name():
    for registry in (UP, DOWN, REGISTRY):
        for name, struct in registry.types.items():
            subject, verb, version = name.split(".")
            assert subject.isalpha()
            assert verb.isalpha()
            assert version[0] == "v"
            assert version[1:].isdecimal()
            assert registry.types[name] is struct
    assert not UP.types.keys() & DOWN.types.keys()


def test_two_names_never_share_a_struct():
    with pytest.raises(ValueError, match="share a struct"):
        Registry({"shelf.moved.v1": ShelfMovedV1, "shelf.shifted.v1": ShelfMovedV1})


def test_every_published_type_has_a_strategy_so_that_it_is_tested():
    assert set(some.FACTS) == {*UP.types.values(), *DOWN.types.values()}
