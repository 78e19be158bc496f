"""Whole codes become scans; nothing else does, and each broken line is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.formats.scan_lines import FORGET_S, HALF_S, LineEvent, LineReader
from hardware.ports.scanner import MAX_CODE, Scan, ScanProblem

CODE = st.text(st.sampled_from("0123456789ABCxyz-/.$+% \x1d"), min_size=1, max_size=40).filter(str.strip)
END = st.sampled_from([b"\r", b"\n", b"\r\n", b"\t"])


def codes_of(events):
    return [event.code for event in events if isinstance(event, Scan)]


def kinds_of(events):
    return [event.kind for event in events if isinstance(event, ScanProblem)]


@given(st.lists(st.tuples(CODE, END), max_size=8), st.lists(st.integers(1, 60), max_size=40))
def test_however_the_bytes_arrive_the_codes_are_the_same(lines, cuts):
    stream = b"".join(code.encode() + end for code, end in lines)
    reader, found = LineReader(), list[LineEvent]()
    for cut in [*cuts, len(stream)]:
        chunk, stream = stream[:cut], stream[cut:]
        found += reader.feed(chunk, 1.0)
    assert codes_of(found) == [code for code, _ in lines]
    assert not kinds_of(found)


@given(st.lists(st.tuples(st.binary(max_size=30), CODE), max_size=6))
def test_garbage_that_ends_is_told_at_most_once_a_line_and_loses_no_later_code(pairs):
    reader, found, expected = LineReader(), list[LineEvent](), list[str]()
    for noise, code in pairs:
        before = len(found)
        found += reader.feed(noise + b"\r", 1.0)
        assert len(kinds_of(found[before:])) <= noise.count(b"\r") + noise.count(b"\n") + noise.count(b"\t") + 1
        expected += [*codes_of(found[before:]), code]
        found += reader.feed(code.encode() + b"\r", 1.0)
    assert codes_of(found) == expected
    assert all(set(code.encode()) <= {*range(0x20, 0x7F), 0x1D} for code in codes_of(found))


@pytest.mark.parametrize("noise", [b"\0", b"40063\x0081333931", b"\xff" * 20, b"4006381333931\x1b[A", b"   "])
def test_a_spoiled_line_is_one_problem(noise):
    found = LineReader().feed(noise + b"\r\n" + b"4006381333931\r\n", 5.0)
    assert kinds_of(found) == ["garbage"]
    assert found[-1] == Scan("4006381333931", 5.0)


def test_a_line_without_end_is_told_when_it_is_too_long_and_held_no_longer():
    reader = LineReader()
    found = [event for _ in range(50) for event in reader.feed(b"9" * 100, 1.0)]
    assert kinds_of(found) == ["long"]
    assert codes_of(reader.feed(b"99\r12\r", 1.0)) == ["12"]


def test_the_longest_code_is_taken():
    assert codes_of(LineReader().feed(b"9" * MAX_CODE + b"\r", 1.0)) == ["9" * MAX_CODE]


def test_half_a_code_and_its_rest_are_no_codes():
    reader = LineReader()
    assert reader.feed(b"400638", 1.0) == []
    assert kinds_of(reader.settle(1.0 + HALF_S)) == ["half"]
    assert kinds_of(reader.feed(b"1333931\r", 2.0)) == ["half"]
    assert codes_of(reader.feed(b"12\r", 2.1)) == ["12"]


def test_half_a_code_is_found_by_the_next_bytes_as_well_as_by_waiting():
    reader = LineReader()
    reader.feed(b"400638", 1.0)
    found = reader.feed(b"1333931\r", 1.0 + HALF_S)
    assert (codes_of(found), kinds_of(found)) == ([], ["half", "half"])


def test_after_a_long_silence_a_new_line_begins():
    reader = LineReader()
    reader.feed(b"400638", 1.0)
    found = reader.feed(b"4006381333931\r", 1.0 + FORGET_S)
    assert (codes_of(found), kinds_of(found)) == (["4006381333931"], ["half"])
    assert reader.due_s() is None


@given(CODE, st.data())
def test_a_code_cut_anywhere_never_becomes_another_code(code, data):
    cut = data.draw(st.integers(0, len(code) - 1))
    pause_s = data.draw(st.floats(0, FORGET_S - 0.01))
    reader = LineReader()
    found = reader.feed(code[:cut].encode(), 1.0) if cut else []
    found += reader.settle(1.0 + pause_s)
    found += reader.feed(code[cut:].encode() + b"\r", 1.0 + pause_s)
    assert codes_of(found) in ([], [code])
    assert found


def test_an_unplugged_half_is_told_and_forgotten():
    reader = LineReader()
    reader.feed(b"400638", 1.0)
    assert kinds_of(reader.drop(1.1)) == ["half"]
    assert reader.drop(1.1) == []
    assert codes_of(reader.feed(b"12\r", 1.2)) == ["12"]


def test_without_any_end_the_pause_ends_a_code():
    reader = LineReader(gap_s=0.05)
    assert reader.feed(b"4006381", 1.0) == []
    assert reader.feed(b"333931", 1.01) == []
    assert reader.due_s() == pytest.approx(1.06)
    assert codes_of(reader.settle(1.06)) == ["4006381333931"]
    assert kinds_of(reader.feed(b"\x00", 2.0) + reader.settle(2.1)) == ["garbage"]
