"""Urgent requests: read back as they were written, bounded, and one thing at a time."""

import contract_strategies as some
import pytest
from hypothesis import given

from contract.codec import decode
from contract.errors import Malformed
from contract.facts import StockLine
from contract.requests import MAX_REQUEST_BYTES, Request, decode_request, encode_request
from contract.rights import ReservationRequested, RightsRequested, Urgency
from contract.samples import link_messages, up_facts
from contract.values import Epoch, Quantity, Sku

SAMPLE = link_messages()["request"]
RIGHTS = RightsRequested("r1", [StockLine(Sku("TEA"), Quantity(2))], Urgency.ASKED, some.EXAMPLE_AT)


def rights_of(lines):
    """Return a request for rights to so many skus, each of the longest name."""
    wanted = [StockLine(Sku(f"{number:064d}"), Quantity(10**9)) for number in range(lines)]
    return Request(Epoch(1), rights=RightsRequested("r" * 64, wanted, Urgency.LOW, some.EXAMPLE_AT))


@given(some.requests)
def test_a_request_is_read_back_as_it_was_written(request):
    assert decode_request(encode_request(request)) == request


def test_the_request_and_the_fact_that_follows_it_say_the_same_under_one_id():
    request, fact = decode_request(SAMPLE), decode(up_facts()["reservation.requested.v1"])
    assert isinstance(fact.data, ReservationRequested)
    assert request.promise == fact.data
    assert request.rights is None


@given(some.requests, some.requests)
def test_a_request_asks_for_exactly_one_thing(one, other):
    both = {"promise": one.promise or other.promise, "rights": one.rights or other.rights}
    if None not in both.values():
        with pytest.raises(ValueError, match="a promise or for rights"):
            Request(one.epoch, **both)
    with pytest.raises(ValueError, match="a promise or for rights"):
        Request(one.epoch)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (b'"epoch":1,', b"", "$"),
        (b'"epoch":1,', b'"epoch":0,', "$.epoch"),
        (b'"epoch":1,', b'"epoch":1,"seq":7,', "$"),
        (b'"promise":{', b'"promised":{', "$"),
        (b'"promise":{', b'"rights":null,"rights":null,"promise":{', "$"),
        (b'"promise":{', b'"rights":{},"promise":{', "$.rights"),
        (b'"amount":30', b'"amount":0', "$.promise.lines[0]"),
        (b'"amount":30', b'"amount":-1', "$.promise.lines[0].quantity.amount"),
        (b'"language":"de"', b'"language":"German"', "$.promise.language"),
        (b'"promise":"0b7c5a52', b'"promise":"0b7c5a52_', "$.promise.promise"),
        (b'"collect_by":"2026', b'"collect_by":"2025', "$.promise"),
    ],
)
def test_a_request_is_refused_naming_where(old, new, where):
    assert SAMPLE.count(old) == 1, "the sample changed: choose another place"
    with pytest.raises(Malformed) as refusal:
        decode_request(SAMPLE.replace(old, new))
    assert refusal.value.where == where


@pytest.mark.parametrize("raw", [b"", b"null", b"[]", b"{}", b'{"epoch":1}', b'{"epoch":1,"promise":null}', b"\xff"])
def test_what_asks_for_nothing_is_refused(raw):
    with pytest.raises(Malformed):
        decode_request(raw)


def test_a_request_for_both_is_refused_on_the_wire_as_well():
    rights = encode_request(Request(Epoch(1), rights=RIGHTS)).removeprefix(b'{"epoch":1,')
    with pytest.raises(Malformed, match="a promise or for rights"):
        decode_request(SAMPLE.removesuffix(b"}") + b"," + rights)


def test_a_request_of_some_hundred_lines_fits_and_one_beyond_the_bound_is_not_read():
    fits = encode_request(rights_of(400))
    assert len(fits) <= MAX_REQUEST_BYTES
    assert decode_request(fits) == rights_of(400)
    exact = SAMPLE + b" " * (MAX_REQUEST_BYTES - len(SAMPLE))
    assert decode_request(exact).promise is not None
    with pytest.raises(Malformed, match=f"at most {MAX_REQUEST_BYTES}"):
        decode_request(exact + b" ")
