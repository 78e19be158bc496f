"""What holds for one line display holds for all."""

import pytest
from escpos_ends import DISPLAYS
from hypothesis import given
from hypothesis import strategies as st
from waiting import wait_until

from hardware.errors import Closed, Unplugged
from hardware.formats.line_display import rows_of
from hardware.ports.display import COLUMNS


@pytest.fixture(params=DISPLAYS)
def hands(request, tmp_path):
    hands = DISPLAYS[request.param](tmp_path)
    yield hands
    hands.display.close()
    hands.cable.close()


def reads(hands, top, bottom):
    expected = [top.ljust(COLUMNS), bottom.ljust(COLUMNS)]
    wait_until(lambda: list(hands.shown.rows) == expected, what=f"{expected}, not {hands.shown.rows}")


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        (("Total      14.25 EUR", "Thank you"), ("Total      14.25 EUR", "Thank you")),
        (("Crème brûlée", "Größe 2 €"), ("Crème brûlée", "Größe 2 €")),
        (("a name longer than twenty", ""), ("a name longer than t", "")),
        (("Škoda ǎ", "日本 \x1b@\n"), ("Skoda a", "?? ?@ ")),
        (("", ""), ("", "")),
    ],
)
def test_both_rows_are_shown_as_far_as_the_display_can(hands, rows, shown):
    hands.display.show("before" * 5, "x" * 20)
    hands.display.show(*rows)
    reads(hands, *shown)


def test_an_unplugged_display_is_said_and_found_again(hands):
    hands.display.show("one")
    hands.cable.unplug()
    with pytest.raises(Unplugged):
        hands.display.show("two")
    hands.cable.plug()
    hands.display.show("three")
    reads(hands, "three", "")


def test_a_closed_display_says_so(hands):
    hands.display.close()
    with pytest.raises(Closed):
        hands.display.show("x")


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_shown_has_twenty_printable_columns(top, bottom):
    for row in rows_of(top, bottom):
        assert len(row) == COLUMNS
        assert row.isprintable()
        assert len(row.encode("cp858")) == COLUMNS
