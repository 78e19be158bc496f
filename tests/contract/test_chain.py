"""The hash chain: every change to what is stored is found, and the first place is named."""

import contract_strategies as some
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.codec import Fact, Stamp, decode, digest, encode, verify_chain
from contract.envelope import LaneSource, LogSource
from contract.errors import BrokenChain, Malformed
from contract.facts import KioskStopping
from contract.registry import DOWN
from contract.samples import fleet_facts, own_facts, up_facts
from contract.values import Epoch, RegionId, Seq

SAMPLES = [(Seq(seq), raw) for seq, raw in enumerate(up_facts().values(), 1)]


def walk(stored, **start):
    """Return the facts that verify, and where the chain breaks (None: nowhere)."""
    facts: list[Fact] = []
    try:
        for fact in verify_chain(stored, **start):
            facts.append(fact)  # noqa: PERF402 - what came before the break counts
    except BrokenChain as broken:
        return facts, broken.seq
    return facts, None


@given(some.chains())
def test_a_whole_chain_verifies_and_yields_every_fact(stored):
    facts, broken = walk(stored)
    assert broken is None
    assert [fact.digest for fact in facts] == [digest(raw) for _, raw in stored]


def test_an_empty_chain_verifies():
    assert walk([]) == ([], None)


@pytest.mark.parametrize(("log", "name"), [(fleet_facts(), "fleet"), (own_facts(), "market-hall/k1")])
def test_a_chain_of_down_facts_verifies_with_their_registry(log, name):
    facts = list(verify_chain([(Seq(seq), raw) for seq, raw in enumerate(log.values(), 1)], registry=DOWN))
    assert len(facts) == len(log)
    assert {fact.source for fact in facts} == {LogSource(RegionId("north"), name, 1)}


@given(some.chains(least=2), st.data())
def test_verification_may_start_in_the_middle(stored, data):
    cut = data.draw(st.integers(1, len(stored) - 1))
    assert walk(stored[cut:], after=Seq(cut), prev=digest(stored[cut - 1][1]))[1] is None
    assert walk(stored[cut:], after=Seq(cut), prev=digest(b"other"))[1] == cut + 1


@given(some.chains(least=2), st.data())
def test_a_missing_fact_is_named(stored, data):
    gone = data.draw(st.integers(0, len(stored) - 2))
    facts, broken = walk(stored[:gone] + stored[gone + 1 :])
    assert broken == gone + 1
    assert len(facts) == gone


@given(some.chains(least=2), st.data())
def test_facts_that_changed_places_are_found(stored, data):
    at = data.draw(st.integers(0, len(stored) - 2))
    raws = [raw for _, raw in stored]
    raws[at], raws[at + 1] = raws[at + 1], raws[at]
    _, broken = walk(zip([seq for seq, _ in stored], raws, strict=True))
    assert broken == at + 1


@given(some.chains(), st.data())
def test_a_fact_cut_short_is_found_where_it_stands(stored, data):
    at = data.draw(st.integers(0, len(stored) - 1))
    seq, raw = stored[at]
    length = data.draw(st.integers(0, len(raw) - 1))
    facts, broken = walk([*stored[:at], (seq, raw[:length]), *stored[at + 1 :]])
    assert (len(facts), broken) == (at, seq)


def test_every_flip_of_a_bit_in_a_fact_is_found_there_or_at_the_next_fact():
    seq, raw = SAMPLES[2]
    for at in range(len(raw)):
        for bit in range(8):
            flipped = raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :]
            facts, broken = walk([*SAMPLES[:2], (seq, flipped), SAMPLES[3]])
            assert broken in (seq, seq + 1)
            assert [fact.digest for fact in facts[:2]] == [digest(before) for _, before in SAMPLES[:2]]
            assert len(facts) == broken - 1


@given(some.chains(least=2), st.data())
def test_any_other_byte_in_a_fact_is_found_there_or_at_the_next_fact(stored, data):
    index = data.draw(st.integers(0, len(stored) - 2))
    seq, raw = stored[index]
    at = data.draw(st.integers(0, len(raw) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != raw[at]))
    changed = raw[:at] + bytes([byte]) + raw[at + 1 :]
    _, broken = walk([*stored[:index], (seq, changed), *stored[index + 1 :]])
    assert broken in (seq, seq + 1)
    assert (broken == seq + 1) == _stands_alone(changed, raw)


def _stands_alone(changed, raw):
    """Return whether the changed fact still claims the place that the real one has."""
    try:
        fact, real = decode(changed), decode(raw)
    except Malformed:
        return False
    return (fact.seq, fact.prev) == (real.seq, real.prev) and (fact.source == real.source or fact.seq == 1)


def test_the_newest_fact_is_vouched_for_by_its_digest_alone():
    """The limit of a chain, stated: nothing follows the last fact, so a change of it shows in its digest only."""
    seq, raw = SAMPLES[-1]
    forged = raw.replace(b"closed by the counter", b"closed by the painter")
    facts, broken = walk([*SAMPLES[:-1], (seq, forged)])
    assert broken is None
    assert facts[-1].digest != digest(raw)
    assert walk(SAMPLES[:-1])[1] is None


def test_a_fact_of_another_kiosk_or_epoch_is_foreign():
    facts = list(verify_chain(SAMPLES))
    at = facts[0].source
    assert isinstance(at, LaneSource)
    other = LaneSource(at.address, Epoch(2), at.lane)
    foreign = encode(
        KioskStopping(reason="x"), source=other, seq=Seq(3), prev=facts[1].digest, stamp=Stamp(at=some.EXAMPLE_AT)
    )
    with pytest.raises(BrokenChain, match="comes from") as broken:
        list(verify_chain([*SAMPLES[:2], (Seq(3), foreign)]))
    assert broken.value.seq == 3


def test_a_whole_chain_of_another_lane_is_foreign_where_the_source_is_known():
    ours = decode(SAMPLES[0][1]).source
    assert isinstance(ours, LaneSource)
    other = LaneSource(ours.address, Epoch(9), ours.lane)
    assert walk(SAMPLES, source=ours)[1] is None
    assert walk(SAMPLES, source=other)[1] == 1


def test_bytes_stored_under_another_number_are_found():
    with pytest.raises(BrokenChain, match="say sequence 1") as broken:
        list(verify_chain([SAMPLES[0], (Seq(2), SAMPLES[0][1])]))
    assert broken.value.seq == 2


def test_a_break_says_where_and_why():
    with pytest.raises(BrokenChain) as broken:
        list(verify_chain([SAMPLES[1]]))
    assert str(broken.value) == "chain broken at sequence 1: missing; the next fact present is 2"
    assert broken.value.why == "missing; the next fact present is 2"
