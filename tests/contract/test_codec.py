"""Facts to bytes and back: identity, stability, and what an envelope refuses."""

from datetime import UTC, datetime, timedelta, timezone

import contract_strategies as some
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.codec import MAX_FACT_BYTES, Stamp, decode, decode_down, digest, encode
from contract.down import ConfigChanged
from contract.envelope import NO_DIGEST, parse_source
from contract.errors import Malformed, UnknownType
from contract.facts import KioskStopping
from contract.registry import DOWN, UP
from contract.values import MAX_POSITION, Seq

AT = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
SOURCE = parse_source("/regions/north/sites/hall/kiosks/k1/1/till")
STOPPING = KioskStopping(reason="x")


def stored(data=STOPPING, *, seq=1, at=AT, seen=0):
    return encode(data, source=SOURCE, seq=Seq(seq), prev=NO_DIGEST, stamp=Stamp(at=at), seen=seen)


@pytest.mark.parametrize("struct", [*UP.types.values(), *DOWN.types.values()], ids=lambda struct: struct.__name__)
@given(draw=st.data())
def test_every_fact_type_is_read_back_as_it_was_written(struct, draw):
    registry = UP if struct in UP.types.values() else DOWN
    source = draw.draw(some.lane_sources if registry is UP else some.log_sources)
    data, stamp = draw.draw(some.FACTS[struct]), draw.draw(some.stamps)
    seq, seen = draw.draw(some.sequences), draw.draw(st.integers(0, 2**31 - 1))
    raw = encode(data, source=source, seq=seq, prev=digest(b""), stamp=stamp, seen=seen, registry=registry)
    fact = decode(raw, registry=registry)
    assert some.meaning(fact) == (source, seq, registry.name_of(data), stamp, seen, digest(b""), data)
    assert fact.digest == digest(raw)


@given(some.up_facts, some.lane_sources, some.stamps)
def test_writing_what_was_read_gives_the_same_bytes(data, source, stamp):
    raw = encode(data, source=source, seq=Seq(7), prev=NO_DIGEST, stamp=stamp)
    fact = decode(raw)
    again = encode(fact.data, source=fact.source, seq=fact.seq, prev=fact.prev, stamp=fact.stamp, seen=fact.seen)
    assert again == raw


def test_the_bytes_of_a_fact_never_change():
    head = b'{"specversion":"1.0","id":"1","source":"/regions/north/sites/hall/kiosks/k1/1/till"'
    rest = b',"type":"kiosk.stopping.v1","time":"2026-03-14T09:26:53Z","datacontenttype":"application/json"'
    tail = b',"data":{"reason":"x"},"seen":0,"clock":"trusted"}'
    assert stored() == head + rest + b',"sequence":"0000000000000001","prev":"' + b"0" * 64 + b'"' + tail


@given(some.down_facts, some.log_sources)
def test_down_facts_have_their_own_reader(data, source):
    raw = encode(data, source=source, seq=Seq(1), prev=NO_DIGEST, stamp=Stamp(at=AT), registry=DOWN)
    assert decode_down(raw).data == data
    with pytest.raises(UnknownType):
        decode(raw)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (b'"specversion":"1.0"', b'"specversion":"0.3"', "$.specversion"),
        (b'"specversion":"1.0",', b"", "$"),
        (b'"id":"1"', b'"id":"2"', "$.sequence"),
        (b'"id":"1"', b'"id":1', "$.id"),
        (b'"id":"1"', b'"id":"0"', "$.id"),
        (b'"id":"1"', b'"id":"01"', "$.id"),
        (b'"id":"1"', b'"id":"1\\n"', "$.id"),
        (b'"id":"1"', b'"id":"A234-1234-1234"', "$.id"),
        (b'"id":"1"', '"id":"\u0661"'.encode(), "$.id"),
        (b'"sequence":"0000000000000001"', b'"sequence":"1"', "$.sequence"),
        (b"/regions/north/", b"/regions/North/", "$.source"),
        (b"/regions/north/", b"/regions/-north/", "$.source"),
        (b"/regions/north/", b"/regions/" + b"n" * 33 + b"/", "$.source"),
        (b"/1/till", b"/0/till", "$.source"),
        (b"/1/till", b"/1/desk", "$.source"),
        (b"/1/till", b"/1/till/x", "$.source"),
        (b"/1/till", b"/1/till\\n", "$.source"),
        (b"/regions/north/sites/hall/kiosks/k1/1/till", b"/mycontext", "$.source"),
        (b"/regions/north/sites/hall/kiosks/k1/1/till", b"/regions/-/logs/x/1", "$.source"),
        (b"kiosk.stopping.v1", b"kiosk.stopping.v2", "$.type"),
        (b"kiosk.stopping.v1", b"x" * 81, "$.type"),
        (b"2026-03-14T09:26:53Z", b"2026-03-14T09:26:53", "$.time"),
        (b"2026-03-14T09:26:53Z", b"2026-02-30T09:26:53Z", "$.time"),
        (b"2026-03-14T09:26:53Z", b"2026-03-14T23:59:60Z", "$.time"),
        (b"2026-03-14T09:26:53Z", b"9999-12-31T23:59:59-00:01", "$.time"),
        (b"2026-03-14T09:26:53Z", b"0001-01-01T00:00:00+00:01", "$.time"),
        (b'"2026-03-14T09:26:53Z"', b"1773480413", "$.time"),
        (b"application/json", b"text/xml", "$.datacontenttype"),
        (b'"prev":"0', b'"prev":"G', "$.prev"),
        (b'"prev":"0', b'"prev":"', "$.prev"),
        (b'"seen":0', b'"seen":-1', "$.seen"),
        (b'"seen":0', b'"seen":2147483648', "$.seen"),
        (b'"seen":0', b'"seen":0.5', "$.seen"),
        (b'"seen":0', b'"seen":"0"', "$.seen"),
        (b'"seen":0', b'"seen":null', "$.seen"),
        (b'"trusted"', b'"perhaps"', "$.clock"),
        (b'"clock"', b'"mono":"-1","clock"', "$.mono"),
        (b'"clock"', b'"boot":"MAIN","clock"', "$.boot"),
        (b'"clock"', b'"subject":null,"clock"', "$"),
        (b'{"reason":"x"}', b'"reason"', "$.data"),
        (b'{"reason":"x"}', b"{}", "$.data"),
        (b'{"reason":"x"}', b'{"reason":"x","by":"me"}', "$.data"),
        (b'{"reason":"x"}', b'{"reason":"' + b"x" * 201 + b'"}', "$.data.reason"),
        (b',"data":{"reason":"x"}', b"", "$"),
    ],
)
def test_an_envelope_is_refused_naming_where(old, new, where):
    raw = stored()
    assert raw.count(old) == 1 or old == b'"prev":"0'
    with pytest.raises(Malformed) as refusal:
        decode(raw.replace(old, new, 1))
    assert refusal.value.where == where


def test_a_sequence_that_json_numbers_cannot_hold_is_refused():
    assert decode(stored(seq=MAX_POSITION)).seq == MAX_POSITION
    with pytest.raises(Malformed) as refusal:
        stored(seq=MAX_POSITION + 1)
    assert refusal.value.where == "$.id"


@pytest.mark.parametrize("raw", [b"", b" ", b"null", b"[]", b"1", b'"x"', b"{", b"{}", b"\xff\xfe{}"])
def test_what_is_no_object_is_refused(raw):
    with pytest.raises(Malformed):
        decode(raw)


def test_a_refusal_inside_the_data_names_the_path():
    sale = some.chain([some.sale(lines=2)], SOURCE, at=AT)[0][1]
    with pytest.raises(Malformed) as refusal:
        decode(b'"amount":-2'.join(sale.rsplit(b'"amount":2', 1)))
    assert refusal.value.where == "$.data.lines[1].quantity.amount"


@pytest.mark.parametrize(
    "data",
    [
        KioskStopping(reason="half a pair \ud800"),
        KioskStopping(reason="a line\nbreak"),
        KioskStopping(reason="x" * 201),
        KioskStopping(reason=7),
        KioskStopping(reason=float("nan")),
        KioskStopping(reason=2**64),
    ],
)
def test_what_would_not_be_read_back_is_not_written(data):
    with pytest.raises(Malformed):
        stored(data)


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 1, 1),  # noqa: DTZ001 - the point
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(minutes=19, seconds=32))),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_a_moment_that_is_not_the_same_for_every_reader_is_not_written(at):
    with pytest.raises(Malformed) as refusal:
        stored(at=at)
    assert refusal.value.where == "$.time"


@pytest.mark.parametrize(("seq", "seen"), [(0, 0), (-1, 0), (10**16, 0), (1, -1), (1, 2**31)])
def test_positions_out_of_range_are_not_written(seq, seen):
    with pytest.raises(Malformed):
        stored(seq=seq, seen=seen)


def test_a_fact_larger_than_the_bound_is_neither_written_nor_read():
    with pytest.raises(Malformed, match="at most"):
        stored(some.sale(lines=2000, name="n" * 200))
    with pytest.raises(Malformed, match="at most"):
        decode(stored() + b" " * MAX_FACT_BYTES)


def test_the_longest_ticket_fits():
    raw = stored(some.sale(lines=2000, name="n" * 60))
    assert decode(raw).data == some.sale(lines=2000, name="n" * 60)


def test_a_type_of_the_other_direction_has_no_name():
    with pytest.raises(KeyError):
        stored(ConfigChanged())


def test_a_reason_is_short_whatever_the_peer_wrote():
    with pytest.raises(Malformed) as refusal:
        decode(stored().replace(b'"seen"', b'"' + b"s" * 100_000 + b'"'))
    assert len(str(refusal.value)) < 300
