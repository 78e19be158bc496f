"""Asks for the date before the first sale, where the clock cannot be trusted (promise 10)."""

from typing import TYPE_CHECKING

from kiosk.core.dialogue import Prompt, Talk
from kiosk.core.dialogues.dating import set_date
from kiosk.core.notices import Mood, Notice
from kiosk.core.words import say
from kiosk.till.frame import Frame
from kiosk.till.hints import Hint
from kiosk.till.keymap import BACK, CLOSE
from kiosk.till.strokes import Typed

if TYPE_CHECKING:
    from kiosk.till.sale import SaleScreen


class DateScreen(Frame):
    """Stays until a person has given the date, or the network has set the clock."""

    def __init__(self, sale: "SaleScreen") -> None:
        """Ask."""
        super().__init__(sale.station)
        self._sale = sale
        self._talk = Talk(set_date(sale.station))
        self._asked = self._talk.prompt or Prompt(say(""))
        self.does = {BACK: self.entry.clear}
        self.basket_view.welcome = self._asked.told  # the panel of a low screen has no room for it

    def submit(self, typed: Typed) -> None:
        """Take the date."""
        if not typed.text.strip():
            return
        self._talk.answer(typed.text.strip())
        if self._talk.prompt is None:
            self.leave(self._talk.notice)
            return
        self._asked = self._talk.prompt
        self.tell(Notice(Mood.ERROR, self._asked.refused))

    def leave(self, notice: Notice | None) -> None:
        """Begin to sell; what the sale screen had to say first (a restored basket) is still said."""
        self.till.pop_screen()
        waiting = self._sale.notice_row.notice
        if waiting and notice:
            notice = Notice(notice.mood, say("{before}; {after}", before=waiting.text, after=notice.text))
        self._sale.tell(notice)
        self._sale.show()

    def prompt(self) -> str:
        """Return what is asked."""
        return self._asked.text

    def hints(self) -> list[Hint]:
        """Offer to clear the line and to close."""
        return [Hint(CLOSE, self.till.speech.say(say("Close"))), Hint(BACK, self.till.speech.say(say("Clear")))]

    def words(self) -> tuple[str, ...]:
        """Say why."""
        return (self.till.speech.say(self._asked.title),)
