"""What a scanner types as a keyboard is read as the characters of its code."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.formats import keys
from hardware.formats.keys import EV_KEY, EV_SYN, EVENT, SYN_DROPPED, KeyReader, type_keys

TYPED = "".join(chr(code) for code in range(0x20, 0x7F))
KERNEL_HEADER = Path("/usr/include/linux/input-event-codes.h")


def events(text):
    return b"".join(EVENT.pack(0, 0, *event) for event in type_keys(text))


@given(st.text(st.sampled_from(TYPED), max_size=40), st.integers(1, 70))
def test_what_is_typed_is_read_however_it_arrives(text, size):
    reader, stream = KeyReader(), events(text + "\r")
    read = b"".join(reader.feed(stream[at : at + size]) for at in range(0, len(stream), size))
    assert read == text.encode() + b"\r"


def press(*codes, value=1):
    return b"".join(EVENT.pack(0, 0, EV_KEY, code, value) for code in codes)


def test_the_keypad_types_digits_whatever_num_lock_says():
    assert KeyReader().feed(press(69, 79, 80, 81, 75, 76, 77, 71, 72, 73, 82, 83, 96)) == b"1234567890.\r"


def test_control_and_bracket_is_the_separator_of_gs1_elements():
    reader = KeyReader()
    assert reader.feed(press(29) + press(27)) == b"\x1d"
    assert reader.feed(press(29, value=0) + press(27)) == b"]"


def test_releases_and_repeats_type_nothing():
    assert KeyReader().feed(press(2) + press(2, value=2) + press(2, value=0)) == b"1"


@pytest.mark.parametrize("code", [59, 58, 56, 103, 111, 14, 1, 700])
def test_a_key_that_is_no_character_spoils_the_line(code):
    assert KeyReader().feed(press(2, code, 3)) == b"1\x002"


def test_keys_that_the_kernel_lost_spoil_the_line_and_release_shift():
    reader = KeyReader()
    lost = EVENT.pack(0, 0, EV_SYN, SYN_DROPPED, 0)
    assert reader.feed(press(42) + lost + press(30)) == b"\0a"


def test_the_numbers_are_those_of_the_kernel():
    if not KERNEL_HEADER.is_file():
        pytest.skip("the kernel's headers are absent")
    names = {
        int(value, 0): name
        for name, value in re.findall(r"#define KEY_(\w+)\s+(\w+)", KERNEL_HEADER.read_text())
        if re.fullmatch(r"\d+|0x[0-9a-f]+", value)
    }
    words = {
        "-": "MINUS",
        "=": "EQUAL",
        "[": "LEFTBRACE",
        "]": "RIGHTBRACE",
        ";": "SEMICOLON",
        "'": "APOSTROPHE",
        "`": "GRAVE",
        "\\": "BACKSLASH",
        ",": "COMMA",
        ".": "DOT",
        "/": "SLASH",
        " ": "SPACE",
        "\t": "TAB",
        "\r": "ENTER",
    }
    pad = {"-": "KPMINUS", "+": "KPPLUS", "*": "KPASTERISK", ".": "KPDOT", "/": "KPSLASH", "\r": "KPENTER"}
    for code, char in keys._PLAIN.items():
        on_pad = code in {55, 96, 98, *range(71, 84)}
        expected = pad.get(char, f"KP{char}") if on_pad else words.get(char, char.upper())
        assert names[code] == expected
