"""The storm's wire without any wire: how it reads frames, and in which order it lets them go."""

import random
from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mqtt_by_hand import ALIAS, TOPIC, frame, publish
from storm.mqtt_frames import MAX_FRAME_BYTES, PUBLISH, RAW, Frame, Framer, parse_puback, parse_publish
from storm.wire_lineup import HOLD_S, Lineup, Spoil

OTHERS = st.sampled_from([0x20, 0x40, 0x62, 0x82, 0x90, 0xC0, 0xD0])
FRAMES = st.one_of(
    st.builds(frame, OTHERS, st.binary(max_size=300)),
    st.builds(publish, st.integers(1, 65535), st.binary(max_size=300), qos=st.integers(0, 2)),
    st.builds(publish, st.just(9), st.binary(max_size=9), properties=st.just(ALIAS)),
)


def fed(data: bytes, cuts: list[int]) -> tuple[list[Frame], bytes]:
    framer, found, start = Framer(), [], 0
    for cut in [*sorted(min(cut, len(data)) for cut in cuts), len(data)]:
        found += framer.feed(data[start:cut])
        start = cut
    return found, framer.rest()


@given(st.lists(FRAMES, max_size=20), st.lists(st.integers(0, 2000)))
def test_any_chunking_gives_the_same_frames(frames: list[Frame], cuts: list[int]) -> None:
    assert fed(b"".join(one.raw for one in frames), cuts) == (frames, b"")


@given(st.lists(FRAMES, max_size=3), st.binary(max_size=200), st.lists(st.integers(0, 500)))
def test_whatever_comes_goes_on_unchanged(frames: list[Frame], junk: bytes, cuts: list[int]) -> None:
    data = b"".join(one.raw for one in frames) + junk
    found, rest = fed(data, cuts)
    assert b"".join(one.raw for one in found) + rest == data


@pytest.mark.parametrize("junk", [b"\x00\x01", b"\xff\x00", b"\x30\xff\xff\xff\xff\x01", b"\x36\x00", b"\x16\x03\x01"])
def test_what_is_no_mqtt_is_raw_at_once_and_for_ever(junk: bytes) -> None:
    framer = Framer()
    assert framer.feed(publish().raw + junk) == [publish(), Frame(RAW, junk)]
    assert framer.feed(publish().raw) == [Frame(RAW, publish().raw)]


def test_an_oversized_frame_is_passed_on_in_pieces_and_what_follows_is_framed() -> None:
    huge = publish(payload=bytes(MAX_FRAME_BYTES)).raw
    found, rest = fed(huge + publish(2).raw, [100_000, 2_000_000])
    assert found[-1] == publish(2)
    assert {one.kind for one in found[:-1]} == {RAW}
    assert len(found) == 4
    assert (b"".join(one.raw for one in found[:-1]), rest) == (huge, b"")


def test_a_publish_is_read() -> None:
    properties = b"\x01\x01" + b"\x0b\x80\x01" + b"\x26\x00\x01a\x00\x01b" + b"\x02\x00\x00\x00\x05" + b"\x03\x00\x01x"
    plain = parse_publish(publish(515, b"hello", properties=properties))
    assert plain == (TOPIC, 1, 515, False, b"hello")
    aliased = parse_publish(publish(515, b"hello", properties=properties + ALIAS))
    assert aliased == (TOPIC, 1, 515, True, b"hello")
    assert parse_publish(publish(0, b"x", qos=0)) == (TOPIC, 0, 0, False, b"x")


@pytest.mark.parametrize(
    "body", [b"", b"\x00\x09t", b"\x00\x01t\x00", b"\x00\x01t\x00\x01\x09", b"\x00\x01t\x00\x01\x01\x7e"]
)
def test_a_publish_that_mqtt_does_not_allow_is_left_alone(body: bytes) -> None:
    assert parse_publish(frame(0x32, body)) is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\x02\x03", (515, True)),
        (b"\x02\x03\x00", (515, True)),
        (b"\x02\x03\x10\x00", (515, False)),
        (b"\x02\x03\x97", (515, False)),
        (b"\x02", None),
    ],
)
def test_a_puback_takes_a_message_or_refuses_it(body: bytes, said: tuple[int, bool] | None) -> None:
    assert parse_puback(frame(0x40, body)) == said


# The lineup.

SPOILS = st.builds(
    Spoil,
    st.floats(0, 1).flatmap(lambda low: st.tuples(st.just(low), st.floats(low, 2))),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.sampled_from([0.0, 0.5, 1.0]),
)


def carried(
    frames: list[Frame], spoil: Spoil, seed: int, *, step_s: float = 0.01, ends: bool = True
) -> tuple[list[tuple[float, Frame]], Counter[str]]:
    """Return what left a lineup and when, and what it counted; one frame comes every ``step_s``."""
    counts: Counter[str] = Counter()
    lineup = Lineup(random.Random(seed), lambda what: counts.update([what]))
    left: list[tuple[float, Frame]] = []
    now_s = 100.0
    for one in frames:
        lineup.put(one, now_s, spoil)
        left += [(now_s, leaving) for leaving in lineup.take(now_s)]
        now_s += step_s
    if ends:
        lineup.let_out(now_s)
    while (next_s := lineup.next_s()) < float("inf"):
        now_s = max(now_s, next_s)
        left += [(now_s, leaving) for leaving in lineup.take(now_s)]
    assert lineup.waiting_bytes == 0
    return left, counts


@given(frames=st.lists(FRAMES, max_size=30), spoil=SPOILS, seed=st.integers(0, 99), ends=st.booleans())
def test_a_lineup_loses_and_invents_nothing(frames: list[Frame], spoil: Spoil, seed: int, *, ends: bool) -> None:
    left, counts = carried(frames, spoil, seed, ends=ends)
    extra = Counter(one for _, one in left)
    extra.subtract(Counter(frames))
    assert min(extra.values(), default=0) >= 0
    assert extra.total() == counts["duplicated"]


@given(st.lists(FRAMES, max_size=30), SPOILS, st.integers(0, 99))
def test_a_lineup_keeps_the_order_of_all_it_may_not_move(frames: list[Frame], spoil: Spoil, seed: int) -> None:
    def fixed(some: Iterable[Frame]) -> list[Frame]:
        return [one for one in some if one.kind != PUBLISH or one.raw[0] & 4 or ALIAS in one.raw]

    left, _ = carried(frames, spoil, seed)
    assert fixed(one for _, one in left) == fixed(frames)


@given(st.lists(FRAMES, max_size=30), SPOILS, st.integers(0, 99))
def test_nothing_is_late_by_more_than_the_delays_and_a_hold(frames: list[Frame], spoil: Spoil, seed: int) -> None:
    left, _ = carried(frames, spoil, seed, ends=False)
    came_last_s = 100 + 0.01 * len(frames)
    assert all(at_s <= came_last_s + spoil.delay_s[1] + HOLD_S + 1e-6 for at_s, _ in left)


def test_a_gentle_lineup_holds_nothing() -> None:
    frames = [publish(n) for n in range(1, 50)]
    left, counts = carried(frames, Spoil(), 1)
    assert [at_s for at_s, _ in left] == [pytest.approx(100 + 0.01 * n) for n in range(49)]
    assert ([one for _, one in left], counts) == (frames, {})


def test_a_reordering_lineup_exchanges_messages() -> None:
    frames = [publish(n) for n in range(1, 50)]
    left, counts = carried(frames, Spoil(reorder=0.5), 1)
    assert [one for _, one in left] != frames
    assert counts["reordered"] > 5


def test_repeats_come_at_once_and_behind_others() -> None:
    frames = [publish(n) for n in range(1, 50)]
    left, counts = carried(frames, Spoil(duplicate=1.0), 1)
    order = [one for _, one in left]
    gaps = {order.index(one, order.index(one) + 1) - order.index(one) for one in frames}
    assert counts["duplicated"] == 49
    assert 1 in gaps
    assert max(gaps) > 3


def test_a_delay_alone_keeps_the_order() -> None:
    frames = [publish(n) for n in range(1, 50)]
    left, counts = carried(frames, Spoil(delay_s=(0.0, 1.0)), 1)
    assert [one for _, one in left] == frames
    assert counts == {"delayed": 49}


def test_a_goodbye_lets_out_what_is_held() -> None:
    goodbye = frame(0xE0, b"")
    left, _ = carried([publish(1), goodbye], Spoil(reorder=1.0, duplicate=1.0), 1, ends=False)
    assert [one for _, one in left] == [publish(1), goodbye]
