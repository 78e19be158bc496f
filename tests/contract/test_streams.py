"""Names of streams and the place of a batch in one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import Malformed
from contract.streams import Gap, Place, lane_stream, log_stream, parse_lane_stream, parse_log_stream, place
from contract.values import Lane

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


@pytest.mark.parametrize(
    "text", ["", "till", "@1", "till@", "till@0", "till@01", "desk@1", "Till@1", "till@1\n", "till@1x", "x" * 10**5]
)
def test_what_is_no_lane_stream_is_refused_naming_where(text):
    with pytest.raises(Malformed) as refusal:
        parse_lane_stream(text, "$.stream")
    assert refusal.value.where == "$.stream"
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize("text", ["", "fleet", "@1", "fleet@", "fleet@0", "Fleet@1", "fleet@1\n", "a@b@1", "x" * 10**5])
def test_what_is_no_log_stream_is_refused_naming_where(text):
    with pytest.raises(Malformed) as refusal:
        parse_log_stream(text, "$.stream")
    assert refusal.value.where == "$.stream"
    assert len(str(refusal.value)) < 200
