"""Hands and eyes at a headless till: keys as a scanner or a person sends them, the screen as text."""

from collections.abc import Sequence

from textual.events import Key, Paste
from textual.pilot import Pilot

from kiosk.till.app import TillApp
from kiosk.till.frame import Frame

PERSON_GAP_S = 0.2  # between the keys of somebody who types with two fingers


class Hands:
    """One person at one till. Time is the events' own: nobody waits."""

    def __init__(self, app: TillApp, pilot: Pilot[str]) -> None:
        self.app = app
        self.pilot = pilot
        self._now_s = 0.0

    @property
    def frame(self) -> Frame:
        assert isinstance(self.app.screen, Frame)
        return self.app.screen

    def is_on(self, kind: type[Frame]) -> bool:
        return isinstance(self.app.screen, kind)

    async def type(self, text: str, *, gap_s: float = PERSON_GAP_S) -> None:
        """Type a line; a newline is Enter."""
        for char in text:
            self._send(Key("enter", "\r") if char == "\n" else Key(char, char), gap_s)
        await self.settle()

    async def scan(self, code: str) -> None:
        """Send a code and Enter without a gap, a moment after what was before."""
        self.wait_s(PERSON_GAP_S)
        await self.type(f"{code}\n", gap_s=0.0)

    async def press(self, *keys: str) -> None:
        for key in keys:
            self._send(Key(key, None), PERSON_GAP_S)
        await self.settle()

    async def paste(self, text: str) -> None:
        self.app.post_message(Paste(text))
        await self.settle()

    async def settle(self) -> None:
        """Return once every key was taken and what it changed was drawn."""
        await self.pilot.pause()
        for _ in range(10_000):
            screen = self.app.screen
            if not (screen._layout_required or screen._repaint_required or screen._dirty_widgets):
                return
            await self.pilot.pause()
        raise AssertionError("the screen never came to rest")

    def wait_s(self, seconds: float) -> None:
        """Let time pass between keys."""
        self._now_s += seconds

    def screen(self) -> str:
        """Return what the terminal shows."""
        rows: Sequence[object] = self.app.screen._compositor.render_strips()
        return "\n".join(row.text.rstrip() for row in rows)  # type: ignore[attr-defined]

    def notice(self) -> str:
        notice = self.frame.notice_row.notice
        return notice.text if notice else ""

    def basket(self) -> list[tuple[str, int]]:
        return [(line.sku, line.quantity.amount) for line in self.app._sale.counter.basket.lines]

    def _send(self, key: Key, gap_s: float) -> None:
        self._now_s += gap_s
        key.time = self._now_s
        self.app.post_message(key)
