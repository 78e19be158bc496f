"""Whatever bytes arrive, the answer is a value or Malformed: no other exception leaves the contract."""

import contextlib

import contract_strategies as some
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.batch import decode_ack, decode_batch, decode_status, encode_batch
from contract.codec import decode, decode_down
from contract.errors import Malformed
from contract.requests import decode_request
from contract.samples import down_facts, link_messages, up_facts
from contract.values import Seq

UP = up_facts()
STOPPING = UP["kiosk.stopping.v1"]
TEXT = b'"closed by the counter"'
READERS = [decode, decode_down, decode_batch, decode_ack, decode_status, decode_request]
WHOLE = [*UP.values(), *down_facts().values(), *link_messages().values()]


def read_all(raw):
    """Read ``raw`` as everything; any exception but Malformed fails the test."""
    for reader in READERS:
        with contextlib.suppress(Malformed):
            reader(raw)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw):
    read_all(raw)


@given(st.data())
def test_any_damage_to_a_real_message_is_read_or_refused(data):
    raw = bytearray(data.draw(st.sampled_from(WHOLE)))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    read_all(bytes(raw))


@given(st.data())
def test_any_value_in_any_place_of_a_fact_is_read_or_refused(data):
    value = data.draw(
        st.sampled_from(
            [b"NaN", b"-Infinity", b"1e999", b"-0", b"9" * 5000, b"[]", b"{}", b"null", b"true", b'"\\ud800"']
        )
    )
    raw = data.draw(st.sampled_from(WHOLE))
    ends = [at for at, byte in enumerate(raw) if byte == ord(":")]
    at = data.draw(st.sampled_from(ends))
    read_all(raw[: at + 1] + value + raw[at + 1 :])
    comma = raw.find(b",", at)
    read_all(raw[: at + 1] + value + raw[comma:])


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"[" * 300_000, id="deep nesting, open"),
        pytest.param(b"[" * 200_000 + b"]" * 200_000, id="deep nesting, closed"),
        pytest.param(b'{"a":' * 60_000 + b"1" + b"}" * 60_000, id="deep objects"),
        pytest.param(b"9" * 5_000, id="an integer of 5,000 digits"),
        pytest.param(b"1e999999999", id="a float beyond every range"),
        pytest.param(b"NaN", id="NaN"),
        pytest.param(b"Infinity", id="Infinity"),
        pytest.param(b'"\\ud83d"', id="half a surrogate pair, escaped"),
        pytest.param(b'"\\ude00\\ud83d"', id="a surrogate pair swapped"),
        pytest.param(b'"\xed\xa0\x80"', id="half a surrogate pair, raw"),
        pytest.param(b'"\xff"', id="not UTF-8"),
        pytest.param(b'"\xc0\xaf"', id="overlong UTF-8"),
        pytest.param(b'"\\u0000"', id="NUL, escaped"),
        pytest.param(b'"\x00"', id="NUL, raw"),
        pytest.param(b'"a\nb"', id="a raw line break"),
        pytest.param(b"'x'", id="single quotes"),
        pytest.param(b'"x" /* y */', id="a comment"),
        pytest.param(b'"' + b"x" * 10_000_000 + b'"', id="10 MB"),
        pytest.param(b"null", id="null"),
        pytest.param(b"true", id="true"),
    ],
)
def test_a_hostile_value_is_refused_in_every_message(value):
    with pytest.raises(Malformed):
        decode(STOPPING.replace(TEXT, value))
    with pytest.raises(Malformed):
        decode(STOPPING.replace(b'"seen":0', b'"seen":' + value))
    with pytest.raises(Malformed):
        decode_ack(b'{"incarnation":' + value + b',"positions":[]}')
    with pytest.raises(Malformed):
        decode_status(b'{"online":true,"newest":' + value + b"}")
    with pytest.raises(Malformed):
        decode_batch(b'{"stream":' + value + b',"first":1}\n' + STOPPING)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"seen":0', b'"seen":0,"seen":1'),
        (b'"seen":0', b'"seen":0,"se\\u0065n":0'),
        (TEXT, TEXT + b',"reason":"other"'),
        (b'},"seen"', b'},"data":{"reason":"other"},"seen"'),
    ],
)
def test_a_field_named_twice_is_refused(old, new):
    assert STOPPING.count(old) == 1
    with pytest.raises(Malformed, match="twice"):
        decode(STOPPING.replace(old, new))


def test_a_field_named_twice_is_refused_in_a_nested_object_and_in_link_messages():
    sale = UP["sale.recorded.v1"]
    with pytest.raises(Malformed, match=r"twice at \$\.data"):
        decode(sale.replace(b'"amount":2,', b'"amount":9,"amount":2,'))
    with pytest.raises(Malformed, match="twice"):
        decode_ack(b'{"incarnation":2,"incarnation":1,"positions":[]}')
    with pytest.raises(Malformed, match="twice"):
        decode_batch(encode_batch("till@1", Seq(1), [STOPPING], Seq(1)).replace(b'{"stream"', b'{"count":9,"stream"'))


def test_spelling_that_changes_no_meaning_is_read():
    spaced = STOPPING.replace(b'"seen":0', b' "seen" : -0 ').replace(b"counter", b"count\\u0065r")
    assert some.meaning(decode(spaced)) == some.meaning(decode(STOPPING))


def test_a_huge_number_beside_unusual_spelling_is_refused_as_what_it_is():
    with pytest.raises(Malformed):
        decode(STOPPING.replace(b'"seen":0', b' "seen":0').replace(TEXT, b"9" * 5_000))


@pytest.mark.parametrize("reader", [decode_ack, decode_status])
def test_a_link_message_is_bounded_even_if_it_is_only_blanks(reader):
    message = link_messages()["ack" if reader is decode_ack else "status"]
    assert reader(message + b" " * 1000)
    with pytest.raises(Malformed, match="at most"):
        reader(message + b" " * 10_000_000)
