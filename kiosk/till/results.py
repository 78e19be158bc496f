"""What the words typed so far may mean: a list to choose from, between basket and entry line."""

from collections.abc import Sequence

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from contract.down import Item
from contract.values import Currency
from kiosk.core.words import say
from kiosk.till.parts import speech_of
from kiosk.till.wording import item_price

_SKU, _PRICE = 18, 14


class Results(Widget):
    """A list of items; ``at`` is the one that Enter takes, None while no one has chosen."""

    DEFAULT_CSS = "Results { height: auto; display: none; }"

    class Touched(Message):
        """An item was clicked or touched; it is the chosen one now."""

    def __init__(self, currency: Currency) -> None:
        """Begin empty, and not on the screen."""
        super().__init__()
        self._currency = currency
        self.items: tuple[Item, ...] = ()
        self.at: int | None = None

    def show(self, items: Sequence[Item], *, at: int | None = None) -> None:
        """Show items; none of them takes the list off the screen. The same items again keep what was chosen."""
        found = tuple(items)
        if found == self.items and at is None:
            return
        if found != self.items:
            self.items = found
            self.styles.height = len(found) + 1
            self.display = bool(found)
        self.at = at if found else None
        self.refresh()

    def move(self, step: int) -> None:
        """Choose the next or the previous item, from the first on; past either end stays there."""
        wanted = 0 if self.at is None else self.at + step
        self.at = max(0, min(len(self.items) - 1, wanted))
        self.refresh()

    def chosen(self) -> Item | None:
        """Return the item that a person chose."""
        return None if self.at is None else self.items[self.at]

    def render(self) -> Content:
        """Draw what to do, then one row an item."""
        width = self.size.width
        told = say("Enter takes the marked item, ↑ ↓ choose") if self.at is not None else say("↓ to choose")
        rows = [Content.styled(f"  {speech_of(self).say(told)}", "bold").truncate(width, pad=True).stylize("underline")]
        rows += [self._row(number, item, width) for number, item in enumerate(self.items)]
        return Content("\n").join(rows)

    def on_click(self, event: Click) -> None:
        """Choose what is under the mouse or finger."""
        if 0 < event.y <= len(self.items):
            self.at = event.y - 1
            self.post_message(self.Touched())

    def _row(self, number: int, item: Item, width: int) -> Content:
        mark = ">" if number == self.at else " "
        sku = Content(item.sku).truncate(_SKU, ellipsis=True, pad=True).plain
        name = Content(item.name).truncate(max(4, width - _SKU - _PRICE - 5), ellipsis=True, pad=True).plain
        text = f"{mark} {sku}  {name}{item_price(item, self._currency, speech_of(self)):>{_PRICE}} "
        return Content.styled(text, "reverse" if number == self.at else "")
