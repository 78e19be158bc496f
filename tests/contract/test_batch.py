"""Batches: what arrives is what was stored, and one bad fact costs its neighbours nothing."""

import hashlib

import contract_strategies as some
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.batch import (
    MAX_BATCH_FACTS,
    Ack,
    Head,
    Status,
    StreamPosition,
    decode_ack,
    decode_batch,
    decode_status,
    encode_batch,
    encode_message,
)
from contract.codec import MAX_FACT_BYTES, decode
from contract.errors import Malformed
from contract.samples import link_messages, up_facts
from contract.streams import log_stream, own_log
from contract.values import Seq

FACTS = list(up_facts().values())
BATCH = link_messages()["batch"]
streams = st.from_regex(r"[a-z0-9@/-]{1,100}", fullmatch=True)
stream_positions = st.lists(st.builds(StreamPosition, streams, some.positions), max_size=64)


def forged(body, **changes):
    """Return a batch whose head is of the right form and says ``changes``."""
    fields = {"stream": "till@1", "first": 1, "count": 1, "newest": 1, "digest": hashlib.sha256(body).hexdigest()}
    return msgspec.json.encode(fields | changes) + b"\n" + body


@given(streams, some.sequences, st.lists(st.binary(max_size=80), min_size=1, max_size=6), some.positions)
def test_every_byte_of_every_fact_arrives_whatever_the_facts_are(stream, first, facts, newest):
    batch = decode_batch(encode_batch(stream, first, facts, newest))
    assert batch.facts == tuple(facts)
    assert (batch.head.stream, batch.head.first, batch.head.count, batch.head.newest) == (
        stream,
        first,
        len(facts),
        newest,
    )


@given(some.chains(least=2), st.data())
def test_an_unreadable_fact_leaves_its_neighbours_readable(stored, data):
    facts = [raw for _, raw in stored]
    bad = data.draw(st.integers(0, len(facts) - 1))
    at = data.draw(st.integers(0, len(facts[bad]) - 1))
    whole = list(facts)
    facts[bad] = facts[bad][:at] + data.draw(st.sampled_from([b"\n", b"\x00", b"\n\n", b""])) + facts[bad][at + 1 :]
    batch = decode_batch(encode_batch("till@1", Seq(1), facts, Seq(len(facts))))
    assert [batch.facts[n] for n in range(len(whole)) if n != bad] == [whole[n] for n in range(len(whole)) if n != bad]
    assert batch.facts[bad] == facts[bad]


def test_a_batch_of_whole_facts_is_plain_lines():
    head, *lines = BATCH.split(b"\n")
    assert lines == FACTS
    assert b"sizes" not in head


def test_the_longest_batch_with_a_damaged_fact_is_read():
    facts = [*([b"x" * 200] * (MAX_BATCH_FACTS - 1)), b"a\nb"]
    assert decode_batch(encode_batch("s" * 100, Seq(1), facts, Seq(2**53 - 1))).facts == tuple(facts)


def test_the_largest_fact_travels_alone():
    fact = b"x" * MAX_FACT_BYTES
    assert decode_batch(encode_batch("till@1", Seq(1), [fact], Seq(1))).facts == (fact,)


@given(st.integers(0, len(BATCH) - 1))
def test_a_truncated_batch_is_refused(length):
    with pytest.raises(Malformed):
        decode_batch(BATCH[:length])


@given(st.integers(BATCH.index(b"\n") + 1, len(BATCH) - 1), st.integers(1, 255))
def test_damage_to_the_body_is_told_from_damage_in_the_journal(at, mask):
    with pytest.raises(Malformed) as refusal:
        decode_batch(BATCH[:at] + bytes([BATCH[at] ^ mask]) + BATCH[at + 1 :])
    assert refusal.value.where == "$.head.digest"


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        (b"", "$"),
        (b"{}", "$"),
        (b"{}\n{}", "$.head"),
        (b"\n", "$.head"),
        (b" " * 5_000 + BATCH, "$"),
        (BATCH + b" " * (MAX_FACT_BYTES + 5_000), "$"),
        (BATCH + b"\n", "$.head.digest"),
        (forged(b"x", count=0), "$.head.count"),
        (forged(b"x", count=MAX_BATCH_FACTS + 1), "$.head.count"),
        (forged(b"x", count=2), "$.head.count"),
        (forged(b"x\ny", count=1), "$.head.count"),
        (forged(b"x\ny\nz", count=2), "$.head.count"),
        (forged(b"x", count="1"), "$.head.count"),
        (forged(b"x", first=0), "$.head.first"),
        (forged(b"x", first=2**53), "$.head.first"),
        (forged(b"x", newest=-1), "$.head.newest"),
        (forged(b"x", stream=""), "$.head.stream"),
        (forged(b"x", stream="Till"), "$.head.stream"),
        (forged(b"x", stream="till\n"), "$.head.stream"),
        (forged(b"x", stream="hall.k1@1"), "$.head.stream"),
        (forged(b"x", stream="s" * 101), "$.head.stream"),
        (forged(b"x", digest="0" * 64), "$.head.digest"),
        (forged(b"x", digest="0" * 63), "$.head.digest"),
        (forged(b"x", extra=1), "$.head"),
        (forged(b"x", sizes=[2]), "$.head.count"),
        (forged(b"x", sizes=[0]), "$.head.count"),
        (forged(b"x", sizes=[1, 0]), "$.head.count"),
        (forged(b"xyz", sizes=[1, 1], count=2), "$.head.count"),
        (forged(b"x", sizes=[-1]), "$.head.sizes[0]"),
        (forged(b"x", sizes=[MAX_FACT_BYTES + 1]), "$.head.sizes[0]"),
        (forged(b"x", sizes=[1] * (MAX_BATCH_FACTS + 1)), "$.head.sizes"),
    ],
)
def test_a_forged_or_damaged_batch_is_refused_naming_where(raw, where):
    with pytest.raises(Malformed) as refusal:
        decode_batch(raw)
    assert refusal.value.where == where


def test_a_batch_of_nothing_is_refused():
    with pytest.raises(Malformed):
        decode_batch(encode_batch("till@1", Seq(1), [], Seq(0)))


def test_facts_of_a_batch_are_still_the_bytes_that_were_stored():
    assert [decode(raw).digest for raw in decode_batch(BATCH).facts] == [decode(raw).digest for raw in FACTS]


@given(st.builds(Ack, st.integers(1, 2**53 - 1), stream_positions, st.booleans()))
def test_an_acknowledgement_is_read_back(ack):
    assert decode_ack(encode_message(ack)) == ack


@given(st.builds(Status, st.booleans(), some.positions, stream_positions, stream_positions, st.text(max_size=32)))
def test_a_status_is_read_back(status):
    assert decode_status(encode_message(status)) == status


def test_the_longest_status_is_read_back():
    longest = [StreamPosition("s" * 80, Seq(2**53 - 1))] * 64
    status = Status(online=True, incarnation=Seq(2**53 - 1), newest=longest, acked=longest, version="v" * 32)
    assert decode_status(encode_message(status)) == status


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        (b"", "$"),
        (b"[]", "$"),
        (b"{}", "$"),
        (b'{"incarnation":0,"positions":[]}', "$.incarnation"),
        (b'{"incarnation":1,"positions":[{"stream":"till@1"}]}', "$.positions[0]"),
        (b'{"incarnation":1,"positions":[{"stream":"till@1","position":-1}]}', "$.positions[0].position"),
        (b'{"incarnation":1,"positions":[],"resume":1}', "$.resume"),
        (b'{"incarnation":1,"positions":[],"more":1}', "$"),
        (encode_message(Ack(1, [StreamPosition("a", Seq(1))] * 65)), "$.positions"),
    ],
)
def test_an_acknowledgement_is_refused_naming_where(raw, where):
    with pytest.raises(Malformed) as refusal:
        decode_ack(raw)
    assert refusal.value.where == where


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        (b"{}", "$"),
        (b'{"online":"yes"}', "$.online"),
        (b'{"online":true,"incarnation":-1}', "$.incarnation"),
        (b'{"online":true,"version":"' + b"v" * 33 + b'"}', "$.version"),
        (b'{"online":true,"acked":[1]}', "$.acked[0]"),
    ],
)
def test_a_status_is_refused_naming_where(raw, where):
    with pytest.raises(Malformed) as refusal:
        decode_status(raw)
    assert refusal.value.where == where


def test_the_longest_acknowledgement_and_the_longest_status_fit_their_bound():
    positions = [StreamPosition("s" * 100, Seq(2**53 - 1), "f" * 64, broken=True)] * 64
    ack = Ack(2**53 - 1, positions, resume=True, heard=["f" * 64] * 64)
    status = Status(online=False, incarnation=Seq(2**53 - 1), newest=positions, acked=positions, version="v" * 32)
    assert decode_ack(encode_message(ack)) == ack
    assert decode_status(encode_message(status)) == status


@given(some.addresses, st.integers(1, 10**15 - 1))
def test_a_batch_and_an_acknowledgement_name_the_own_log_of_any_kiosk(address, generation):
    stream = log_stream(own_log(address), generation)
    assert decode_batch(encode_batch(stream, Seq(1), [b"x"], Seq(1))).head.stream == stream
    assert decode_ack(encode_message(Ack(1, [StreamPosition(stream, Seq(1))]))).positions[0].stream == stream


def test_two_statuses_never_share_their_lists():
    assert Status(online=True).newest is not Status(online=True).newest
    assert Head("s", Seq(1), 1, Seq(1), "0" * 64).sizes == []
