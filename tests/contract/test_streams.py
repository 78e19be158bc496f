"""Names of streams and the place of a batch in one."""

import contract_strategies as some
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.envelope import LogSource, parse_source
from contract.errors import Malformed
from contract.streams import (
    FLEET,
    Gap,
    Place,
    lane_stream,
    log_stream,
    own_log,
    parse_lane_stream,
    parse_log_stream,
    place,
)
from contract.values import Lane, RegionId, parse_address

positions = st.integers(0, 50)


@given(positions, st.integers(1, 60), st.integers(1, 20))
def test_a_batch_is_a_gap_or_repeats_what_is_known_and_brings_the_rest(position, first, count):
    known = sum(1 for seq in range(first, first + count) if seq <= position)
    assert place(position, first, count) == (Gap(position + 1) if first > position + 1 else Place(known))


@given(st.integers(1, 10**9 - 1), st.sampled_from(Lane))
def test_a_lane_stream_is_read_back_from_its_name(epoch, lane):
    assert parse_lane_stream(lane_stream(epoch, lane), "stream") == (epoch, lane)


@given(st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True), st.integers(1, 10**15 - 1))
def test_a_log_stream_is_read_back_from_its_name(log, generation):
    assert parse_log_stream(log_stream(log, generation), "stream") == (log, generation)


@given(some.addresses, st.integers(1, 10**15 - 1))
def test_a_kiosks_own_log_is_read_back_from_its_stream_and_from_its_source(address, generation):
    log = own_log(address)
    assert parse_log_stream(log_stream(log, generation), "stream") == (log, generation)
    source = LogSource(address.region, log, generation)
    assert parse_source(str(source)) == source


def test_a_log_of_one_kiosk_is_named_by_site_and_kiosk():
    assert own_log(parse_address("north/market-hall/k1")) == "market-hall/k1"


@given(some.addresses, some.addresses)
def test_no_two_kiosks_of_a_region_share_a_log_and_none_reads_its_own_in_the_fleets(one, other):
    same = (one.site, one.kiosk) == (other.site, other.kiosk)
    assert (own_log(one) == own_log(other)) == same
    assert own_log(one) != FLEET


@pytest.mark.parametrize("log", ["a/b/c", "/k1", "hall/", "hall//k1", "s" * 33 + "/k1", "hall/" + "k" * 33, "l" * 65])
def test_a_log_of_any_other_form_has_neither_a_stream_nor_a_source(log):
    with pytest.raises(Malformed):
        parse_log_stream(log_stream(log, 1), "stream")
    with pytest.raises(Malformed):
        parse_source(str(LogSource(RegionId("north"), log, 1)))


@pytest.mark.parametrize(
    "text", ["", "till", "@1", "till@", "till@0", "till@01", "desk@1", "Till@1", "till@1\n", "till@1x", "x" * 10**5]
)
def test_what_is_no_lane_stream_is_refused_naming_where(text):
    with pytest.raises(Malformed) as refusal:
        parse_lane_stream(text, "$.stream")
    assert refusal.value.where == "$.stream"
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize(
    "text", ["", "fleet", "@1", "fleet@", "fleet@0", "Fleet@1", "fleet@1\n", "a@b@1", "a/b", "x" * 10**5]
)
def test_what_is_no_log_stream_is_refused_naming_where(text):
    with pytest.raises(Malformed) as refusal:
        parse_log_stream(text, "$.stream")
    assert refusal.value.where == "$.stream"
    assert len(str(refusal.value)) < 200
