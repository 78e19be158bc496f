"""Real frames are read, any garbage around them is not, and nothing ever gives a wrong weight."""

from collections import Counter
from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.errors import BadSetting
from hardware.formats.scale_frames import MAX_FRAME, Frame, FrameReader, decide_reading, to_mg
from hardware.formats.scale_profile import find_profile, parse_profiles, shipped_profiles
from hardware.ports.scale import NoWeight, Weight

CAPTURES = "8_devices/scale_captures"


def qhw(tenths, state="ST"):
    return f"{state},GS,{tenths / 10:8.1f} g\r\n".encode()


def ohaus(thousandths, state=" ", kind="G"):
    sign = "-" if thousandths < 0 else " "
    return f"{sign}{abs(thousandths) / 1000:7.3f} kg   {state}{kind}\r\n".encode()


def toledo(grams):
    return f"\x02{grams // 1000:02}.{grams % 1000:03}\r".encode()


def cas(grams, state="S"):
    body = f"{state}{'-' if grams < 0 else ' '}{abs(grams) / 1000:06.3f}kg".encode()
    return b"\x01\x02" + body + bytes([reduce(xor, body)]) + b"\x03\x04"


MAKES = {
    "tscale-qhw": (qhw, 100),
    "ohaus-defender-3000": (ohaus, 1000),
    "toledo-8217-kg": (toledo, 1000),
    "cas-pd-ii": (cas, 1000),
}


def read(name, stream, unit=None, sizes=()):
    reader, found = FrameReader(find_profile(name), unit), []
    for size in sizes:
        found += reader.feed(stream[:size])
        stream = stream[size:]
    found += reader.feed(stream)
    reader.finish()
    return found, (reader.frames, reader.drops, reader.dropped_bytes)


# ---------------------------------------------------------------------------------------------------------- real frames


@pytest.mark.parametrize(
    ("name", "file", "unit", "counted", "states", "weights"),
    [
        ("ohaus-defender-3000", "DEFENDER3000__DEFENDER3000_hex.bin", None, (454, 2, 20), {"stable": 454}, {360_000}),
        (
            "tscale-qhw", "TScaleQHW__QHW.bin", None, (829, 0, 0), {"stable": 825, "moving": 4},
            {245_200, 245_300, 245_400, 245_500, 245_600},
        ),
        (
            "jik-tfo3", "TFO3__Serial_Log_FO3_HexText_2.bin", "g", (79, 2, 247), {"moving": 51, "stable": 28},
            {36_000, 36_500, 37_000, 37_500, 38_000, 38_500, 39_000, 39_500},
        ),
        ("jik-tfo3", "TFO3__Serial_Logfo3_hextext.bin", "g", (110, 1, 56), {"stable": 105, "moving": 5}, {21_500}),
    ],
)  # fmt: skip
def test_captures_that_begin_and_end_inside_a_frame(  # noqa: PLR0917 - the columns of the table above
    real_data, name, file, unit, counted, states, weights
):
    stream = (real_data / CAPTURES / file).read_bytes()
    found, counts = read(name, stream, unit)
    assert counts == counted
    assert Counter(frame.state for frame in found) == states
    assert {frame.weight_mg for frame in found} == weights


def test_the_text_log_of_a_scale_with_tare_and_movement(real_data):
    lines = (real_data / CAPTURES / "DEFENDER3000__DEFENDER3000_txt.txt").read_bytes().replace(b"\n", b"\r\n")
    found, (frames, drops, _) = read("ohaus-defender-3000", lines)
    assert (frames, drops) == (1890, 2)
    assert Frame(-1_640_000, "stable", net=True) in found
    assert Frame(-1_340_000, "moving", net=True) in found
    assert {frame.net for frame in found if frame.weight_mg == 360_000} == {False}


def test_prints_of_a_balance(real_data):
    text = (real_data / CAPTURES / "MS204TS00__Mettler_Toledo_(MS204TS00)_-__NPT_Mettler_QDMS_Hex.txt").read_text()
    found, counts = read("mettler-ms-ts", bytes.fromhex(text))
    assert counts == (7, 0, 0)
    assert found == [Frame(375, None, net=True)] * 7


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_a_capture_reads_the_same_in_pieces(real_data, size):
    stream = (real_data / CAPTURES / "TFO3__Serial_Log_FO3_HexText_2.bin").read_bytes()
    sizes = [size] * (len(stream) // size)
    assert read("jik-tfo3", stream, "g", sizes) == read("jik-tfo3", stream, "g")


def test_a_capture_cut_anywhere_gives_no_weight_that_is_not_in_it(real_data):
    stream = (real_data / CAPTURES / "DEFENDER3000__DEFENDER3000_hex.bin").read_bytes()[:80]
    for begin in range(20):
        for end in range(40, 80):
            found, _ = read("ohaus-defender-3000", stream[begin:end])
            assert {frame.weight_mg for frame in found} <= {360_000}
            assert len(found) == stream[begin:end].count(b"   0.360 kg    G\r\n")


# ----------------------------------------------------------------------------------------------------- what is promised


@given(st.sampled_from(sorted(MAKES)), st.data())
def test_any_cutting_gives_the_same_readings_and_counts(name, data):
    make, _ = MAKES[name]
    pieces = data.draw(
        st.lists(st.one_of(st.integers(0, 9999).map(make), st.binary(max_size=40), st.just(b"x" * 700)), max_size=8)
    )
    sizes = data.draw(st.lists(st.integers(1, 300), max_size=30))
    assert read(name, b"".join(pieces), sizes=sizes) == read(name, b"".join(pieces))


@given(st.sampled_from(sorted(MAKES)), st.data())
def test_garbage_between_frames_loses_no_frame_and_gives_none(name, data):
    make, step = MAKES[name]
    values = data.draw(st.lists(st.integers(0, 9999), min_size=1, max_size=6))
    no_figures = st.binary(max_size=60).map(lambda noise: bytes(byte for byte in noise if byte not in b"0123456789 -."))
    stream, expected = b"", []
    for value in values:
        stream += data.draw(no_figures) + make(value)
        expected.append(value * step)
    found, (frames, _, _) = read(name, stream + data.draw(no_figures))
    assert [frame.weight_mg for frame in found] == expected
    assert frames == len(values)


@given(st.sampled_from(sorted(MAKES)), st.data())
def test_a_frame_without_its_beginning_or_end_gives_nothing(name, data):
    make, step = MAKES[name]
    broken, whole = make(data.draw(st.integers(0, 9999))), make(4321)
    cut = data.draw(st.integers(1, len(broken) - 1))
    after, _ = read(name, broken[cut:] + whole)
    assert [frame.weight_mg for frame in after] == [4321 * step]
    before, _ = read(name, whole + broken[:cut])
    assert [frame.weight_mg for frame in before] == [4321 * step]


def test_a_beginning_that_is_a_frame_of_spaces_and_figures_does_not_lose_its_sign():
    assert read("ohaus-defender-3000", b"-" + ohaus(1640))[0] == []  # the minus of a longer frame
    assert read("ohaus-defender-3000", b"- " + ohaus(1640))[0] == []
    assert read("ohaus-defender-3000", b"\xff" + ohaus(-1640))[0][0].weight_mg == -1_640_000


@pytest.mark.parametrize(
    "frame",
    [
        b"ST,GS,   24 .6 g\r\n", b"ST,GS,        g\r\n", b"ST,GS,  2-45.6 g\r\n", b"ST,GS,   245.6 x\r\n",
        b"XX,GS,   245.6 g\r\n", b"ST,GS,  245.6 g\r\n", b"ST,GS,   245.6 g\n", b"ST,GS,   2\x845.6 g\r\n",
        b"ST,GS,99999999 kg\r\n", b"ST,GS,  24.6 g\r\n", b"ST,GS,  2.45.6 g\r\n",
    ],
)  # fmt: skip
def test_a_damaged_frame_is_dropped_and_the_next_is_read(frame):
    found, (frames, drops, dropped) = read("tscale-qhw", frame + b"\r\n" + qhw(2456))
    assert [one.weight_mg for one in found] == [245_600]
    assert (frames, dropped) == (1, len(frame) + 2)
    assert drops in {1, 2}


def test_a_wrong_check_byte_drops_the_frame():
    good = bytearray(cas(1234))
    good[5] ^= 0x01  # a figure
    assert read("cas-pd-ii", bytes(good) + cas(1234))[1][:2] == (1, 1)


def test_a_state_that_the_profile_does_not_know_drops_the_frame():
    record = (
        b"SET P1(W)       0.0\r" + b"".join(b"SET P%d       0.0\r" % place for place in (2, 3, 4))
        + b"GROSS WEIGHT    1152.0\rNET WEIGHT        35.5\rTARE      1116.5\r"
        + b"DATE & TIME JAN. 14,2024  06:28AM\rSCALE NO 1\rSTATUS \x83*\r\n"
    )  # fmt: skip
    assert read("jik-tfo3", record, "g")[0] == [Frame(35_500, "stable")]
    assert read("jik-tfo3", record.replace(b"\x83", b"\x85"), "g")[0] == []


def test_every_weight_with_a_check_byte_is_read():
    found, (frames, drops, _) = read("cas-pd-ii", b"".join(cas(grams) for grams in range(-9999, 10_000)))
    assert (frames, drops) == (19_999, 0)
    assert [frame.weight_mg for frame in found] == [grams * 1000 for grams in range(-9999, 10_000)]


def test_garbage_without_end_is_held_in_bounds_and_counted():
    reader = FrameReader(find_profile("tscale-qhw"))
    for _ in range(100):
        assert reader.feed(b"5" * 1000) == []
    assert len(reader._piece) <= MAX_FRAME
    reader.finish()
    assert (reader.frames, reader.drops, reader.dropped_bytes) == (0, 1, 100_000)


# ------------------------------------------------------------------------------------------------- what it says instead


@pytest.mark.parametrize(
    ("name", "frame", "expected"),
    [
        ("tscale-qhw", b"OL,GS,-------- g\r\n", Frame(None, "overload", net=False)),
        ("tscale-qhw", b"US,NT,-   12.5 kg\r\n", Frame(-12_500_000, "moving", net=True)),
        ("toledo-8217-kg", b"\x02?\x41\r", Frame(None, "moving")),
        ("toledo-8217-kg", b"\x02?\x42\r", Frame(None, "overload")),
        ("toledo-8217-kg", b"\x02?\x45\r", Frame(None, "negative")),
        ("toledo-8217-kg", b"\x02?\x50\r", Frame(None, "unsaid")),
        ("toledo-8217-kg", b"\x0201.250N\r", Frame(1_250_000, "stable", net=True)),
        ("toledo-8217-lb", b"\x0201.25\r", Frame(566_990, "stable", net=False)),
        ("toledo-8217-lb", b"\x02001.25\r", Frame(566_990, "stable", net=False)),
        (
            "cas-pd-ii",
            b"\x01\x02SFFFFFFFkg" + bytes([reduce(xor, b"SFFFFFFFkg")]) + b"\x03\x04",
            Frame(None, "overload"),
        ),
    ],
)
def test_each_make_says_it_its_own_way(name, frame, expected):
    found, _ = read(name, frame)
    assert found == [expected]


@pytest.mark.parametrize(
    ("text", "unit", "weight_mg"),
    [
        ("   245.6", "g", 245_600), ("-  1.640", "kg", -1_640_000), ("1", "lb", 453_592), ("1.0", "oz", 28_350),
        ("+0.5", "g", 500), ("", "g", None), ("1 2", "g", None), ("--1", "g", None), ("1", "stone", None),
        ("99999999", "kg", None), ("1.2.3", "g", None), ("1e3", "g", None), ("٣", "g", None),
    ],
)  # fmt: skip
def test_figures_become_milligrams_or_nothing(text, unit, weight_mg):
    assert to_mg(text, unit) == weight_mg


def test_a_weight_is_stable_when_enough_frames_agree():
    still, moving, other = Frame(5000, "stable"), Frame(5000, "moving"), Frame(5004, "stable")
    assert decide_reading([still, still], 2) == Weight(5000, stable=True)
    assert decide_reading([still], 2) == Weight(5000, stable=False)
    assert decide_reading([other, still], 2) == Weight(5000, stable=False)
    assert decide_reading([moving, still], 2) == Weight(5000, stable=False)
    assert decide_reading([other, still, still], 2) == Weight(5000, stable=True)
    assert decide_reading([still, Frame(None, "overload")], 2) == NoWeight("overload")
    assert decide_reading([Frame(None, None)], 1) == NoWeight("unsaid")
    assert decide_reading([Frame(7, None)] * 3, 3) == Weight(7, stable=True)


@pytest.mark.parametrize(("weight_mg", "weight_g"), [(499, 0), (500, 1), (-500, -1), (-499, 0), (245_600, 246)])
def test_whole_grams_round_halves_away_from_zero(weight_mg, weight_g):
    assert Weight(weight_mg, stable=True).weight_g == weight_g


# ------------------------------------------------------------------------------------------------------------- profiles


def test_every_shipped_profile_says_what_it_rests_on():
    profiles = shipped_profiles()
    assert {name for name, profile in profiles.items() if profile.proof == "capture"} == {
        "ohaus-defender-3000", "mettler-ms-ts", "tscale-qhw", "jik-tfo3",
    }  # fmt: skip
    assert all(profile.source and profile.title for profile in profiles.values())


def test_every_shipped_profile_is_in_the_guide(repo_root):
    guide = (repo_root / "docs" / "hardware.md").read_text("utf-8")
    assert all(f"`{name}`" in guide for name in shipped_profiles())


def test_a_profile_without_unit_wants_the_shops_word():
    with pytest.raises(BadSetting, match="names no unit"):
        FrameReader(find_profile("jik-tfo3"))


def test_a_unit_that_contradicts_the_profile_is_refused():
    with pytest.raises(BadSetting, match="is in kg, the settings say lb"):
        FrameReader(find_profile("toledo-8217-kg"), "lb")


@pytest.mark.parametrize(
    "text",
    [
        b"profile = 3", b"[[profile]]\nname = 'x'", b"\xff", b"#" * 70_000,
        b"[[profile]]\nname='x'\ntitle='x'\nproof='capture'\nsource='x'\nend='\\n'\nframe='(?P<value>.'",
        b"[[profile]]\nname='x'\ntitle='x'\nproof='capture'\nsource='x'\nend='\\n'\nframe='.'",
        b"[[profile]]\nname='x'\ntitle='x'\nproof='capture'\nsource='x'\nend='\\n'\nframe='(?P<value>\xe2\x82\xac)'",
    ],
)  # fmt: skip
def test_a_broken_profile_is_refused_with_its_reason(text):
    with pytest.raises(BadSetting, match=r"profile"):
        parse_profiles(text)


def test_an_unknown_profile_names_those_that_there_are():
    with pytest.raises(BadSetting, match="cas-pd-ii"):
        find_profile("abacus")
