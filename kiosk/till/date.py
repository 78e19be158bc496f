"""Asks for the date before the first sale, where the clock cannot be trusted (promise 10)."""

from datetime import datetime
from typing import TYPE_CHECKING

from kiosk.core.counter import Mood, Notice
from kiosk.core.entry import EntryError, parse_moment
from kiosk.core.ports import DeskError
from kiosk.till.frame import Frame
from kiosk.till.hints import Hint
from kiosk.till.keymap import BACK, CLOSE
from kiosk.till.strokes import Typed
from kiosk.till.wording import local_time

if TYPE_CHECKING:
    from kiosk.till.sale import SaleScreen


class DateScreen(Frame):
    """Stays until a person has given the date, or the network has set the clock."""

    PROMPT = "Date and time, such as 2026-11-21 14:05"

    def __init__(self, sale: "SaleScreen") -> None:
        """Ask."""
        super().__init__(sale.station)
        self._sale = sale
        self._doubted = ""
        self.does = {BACK: self.entry.clear}

    def submit(self, typed: Typed) -> None:
        """Take the date; one before the last fact is asked about once more."""
        text = typed.text.strip()
        if not text:
            return
        try:
            told_at = parse_moment(text).astimezone()
            if self._doubt(told_at, text):
                return
            self.counter.desk.record([self.counter.desk.clock.tell(told_at)])
        except (EntryError, DeskError, OverflowError) as error:
            self.tell(Notice(Mood.ERROR, str(error)))
            return
        self.leave(Notice(Mood.INFO, f"clock set to {local_time(told_at)}"))

    def _doubt(self, told_at: datetime, text: str) -> bool:
        floor = self.counter.desk.clock.floor
        if told_at >= floor or text == self._doubted:
            return False
        self._doubted = text
        self.tell(
            Notice(Mood.ERROR, f"that is before {local_time(floor)}, which has passed: type it again if it is right")
        )
        return True

    def leave(self, notice: Notice) -> None:
        """Begin to sell; what the sale screen had to say first (a restored basket) is still said."""
        self.till.pop_screen()
        waiting = self._sale.notice_row.notice
        self._sale.tell(Notice(notice.mood, f"{waiting.text}; {notice.text}") if waiting else notice)
        self._sale.show()

    def hints(self) -> list[Hint]:
        """Offer to clear the line and to close."""
        return [Hint(BACK, "Clear"), Hint(CLOSE, "Close the till")]

    def words(self) -> tuple[str, ...]:
        """Say why."""
        shown = local_time(self.counter.desk.clock.stamp().at)
        return (
            "WHAT DAY IS IT?",
            "",
            "The clock cannot be trusted",
            f"(it shows {shown}).",
            "Look at a watch or a phone.",
        )
