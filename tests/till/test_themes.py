"""What the till looks like: in high contrast every cell can be read, and colour is never the only sign."""

import pytest
from rich.color import Color, ColorType
from textual.color import Color as Rgb

from kiosk.config import Language, Theme
from kiosk.core.notices import Mood
from kiosk.till.themes import CONTRAST, TERMINAL, THEMES
from kiosk.till.translations import LANGUAGES

ESPRESSO = "4006381333931"
AAA = 7.0  # of WCAG 2.2, for text of any size


def luminance(triplet):
    parts = [part / 255 for part in triplet]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def rgb(color: Color):
    assert color is not None
    assert color.type is ColorType.TRUECOLOR, f"{color} is the terminal's to choose"
    return color.triplet


def faint_cells(screen):
    """Return what stands on the screen with too little contrast."""
    for strip in screen._compositor.render_strips():
        for text, style, _ in strip:
            if not text.strip():
                continue
            assert style is not None
            if contrast(rgb(style.color), rgb(style.bgcolor)) < AAA or style.dim:
                yield text, style


def test_every_theme_and_language_of_the_settings_is_there():
    assert set(THEMES) == {str(one) for one in Theme}
    assert set(LANGUAGES) == {str(one) for one in Language}


def test_black_on_white_is_21_to_1():
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)
    assert Rgb.parse("#ffff00").get_contrast_text(1).rgb == (0, 0, 0)


@pytest.mark.parametrize("size", [(80, 24), (66, 20)], ids=["large figures", "figures as letters"])
async def test_in_high_contrast_every_letter_of_every_screen_can_be_read(open_till, size):
    async with open_till(looks=CONTRAST, size=size) as till:
        till.app.desk.warning = lambda: "the disk is nearly full"
        till.app.tick()
        moods = set()
        for keys in (["4006381333932"], [ESPRESSO, "f4"], ["f5"], ["f9"], ["escape", "f1"], ["down", "escape", "f12"]):
            for key in keys:
                await (till.scan(key) if key.isdigit() else till.press(key))
            assert list(faint_cells(till.app.screen)) == []
            moods |= {till.frame.notice_row.notice.mood} if till.frame.notice_row.notice else set()
        assert moods == set(Mood)
        assert "CHANGE 0.00" in till.screen()


async def test_the_terminals_own_colours_are_left_alone(open_till):
    async with open_till(looks=TERMINAL) as till:
        colors = {
            color.type
            for strip in till.app.screen._compositor.render_strips()
            for _, style, _ in strip
            if style
            for color in (style.color, style.bgcolor)
            if color
        }
        assert ColorType.TRUECOLOR not in colors


@pytest.mark.parametrize("looks", [TERMINAL, CONTRAST], ids=["terminal", "contrast"])
async def test_colour_is_never_the_only_sign(open_till, looks):
    assert len(set(looks.notices.values())) == len(Mood)
    async with open_till(looks=looks) as till:
        await till.scan("4006381333932")
        assert "  ! WRONG CHECK DIGIT" in till.screen()
        await till.press("escape")
        await till.scan(ESPRESSO)
        await till.scan("96385074")
        assert till.screen().splitlines()[2].startswith(">")
        await till.press("f1", "down")
        assert any(row.startswith(">") for row in till.screen().splitlines())
        await till.press("escape", "f12")
        assert "  SOLD" in till.screen()


def test_no_black_letters_are_bold_where_a_terminal_would_draw_them_grey():
    styles = [*TERMINAL.notices.values(), TERMINAL.warning, TERMINAL.change]
    assert any("ansi_black" in style for style in styles)
    assert [style for style in styles if {"bold", "ansi_black"} <= set(style.split())] == []
