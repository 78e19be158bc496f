"""What a till looks like. Colour is never the only sign: errors begin with a mark, what is chosen has one.

Styles name their own colours, or turn those of the screen around.
"""

from typing import Final

from msgspec import Struct

from kiosk.core.notices import Mood


class Looks(Struct, frozen=True):
    """One theme: the screen's two colours, and the styles of what stands out."""

    paper: str
    ink: str
    notices: dict[Mood, str]
    warning: str
    change: str


# Many terminals, the Linux console and browsers among them, draw bold black as grey: nothing that is black is bold.
TERMINAL: Final = Looks(
    paper="ansi_default",
    ink="ansi_default",
    notices={
        Mood.ERROR: "bold ansi_white on ansi_red",
        Mood.INFO: "ansi_black on ansi_cyan",
        Mood.SOLD: "ansi_black on ansi_green",
    },
    warning="ansi_black on ansi_yellow",
    change="ansi_black on ansi_green",
)
# Each pair has at least 7:1, which WCAG calls AAA; black on yellow has 19.6, black and white 21.
CONTRAST: Final = Looks(
    paper="#000000",
    ink="#ffffff",
    notices={
        Mood.ERROR: "bold #000000 on #ffff00",
        Mood.INFO: "bold #ffff00 on #000000",
        Mood.SOLD: "bold #000000 on #ffffff",
    },
    warning="bold underline #000000 on #ffff00",
    change="#000000 on #ffff00",
)
THEMES: Final = {"terminal": TERMINAL, "contrast": CONTRAST}
