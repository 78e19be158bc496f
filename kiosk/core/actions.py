"""Everything that can be done at a till beside scanning and typing: one list, for keys, menus and the line mode."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from kiosk.core.dialogue import Dialogue
from kiosk.core.dialogues import (
    adding,
    cards,
    counting,
    discounting,
    elsewhere,
    empties,
    goods,
    menu,
    parking,
    paying,
    promising,
    reserving,
    selling,
)
from kiosk.core.station import Station
from kiosk.core.words import Text, say


class Group(StrEnum):
    """What an action is about; menus keep these together."""

    SALE = "sale"
    MONEY = "money"
    SHOPPER = "shopper"
    STOCK = "stock"
    TILL = "till"


class Action(Struct, frozen=True):
    """One thing to do. ``id`` is what settings and the line mode call it; ``label`` is at most 12 characters."""

    id: str
    label: Text
    group: Group
    begin: Callable[[Station], Dialogue]


ACTIONS: Final[tuple[Action, ...]] = (
    Action("menu", say("Menu"), Group.TILL, lambda station: menu.menu(station, ACTIONS)),
    Action("favourites", say("Favourites"), Group.SALE, adding.favourites),
    Action("qty", say("Quantity"), Group.SALE, selling.quantity),
    Action("repeat", say("Repeat"), Group.SALE, selling.repeat),
    Action("discount", say("Discount"), Group.SALE, discounting.discount),
    Action("discount-all", say("Discount all"), Group.SALE, discounting.discount_all),
    Action("price", say("Price"), Group.SALE, discounting.price),
    Action("note", say("Note"), Group.SALE, selling.note),
    Action("empties", say("Empties"), Group.SALE, empties.empties),
    Action("void", say("Void"), Group.SALE, selling.void),
    Action("clear", say("Void all"), Group.SALE, selling.clear),
    Action("hold", say("Hold"), Group.SALE, parking.hold),
    Action("recall", say("Recall"), Group.SALE, parking.recall),
    Action("pay", say("Pay"), Group.MONEY, paying.pay),
    Action("exact", say("Exact"), Group.MONEY, paying.exact),
    Action("cards", say("Cards"), Group.MONEY, cards.cards),
    Action("reserve", say("Reserve"), Group.SHOPPER, reserving.reserve),
    Action("collect", say("Collect"), Group.SHOPPER, reserving.collect),
    Action("reserved", say("Reserved"), Group.SHOPPER, reserving.reserved),
    Action("promise", say("Promise"), Group.SHOPPER, promising.promise),
    Action("promises", say("Promises"), Group.SHOPPER, promising.promises),
    Action("elsewhere", say("Elsewhere"), Group.SHOPPER, elsewhere.elsewhere),
    Action("receive", say("Receive"), Group.STOCK, goods.receive),
    Action("waste", say("Waste"), Group.STOCK, goods.waste),
    Action("send", say("Send goods"), Group.STOCK, goods.send),
    Action("arrive", say("Goods arrive"), Group.STOCK, goods.arrive),
    Action("count", say("Count"), Group.STOCK, counting.count),
    Action("position", say("This till"), Group.STOCK, counting.position),
    Action("errors", say("Errors"), Group.TILL, menu.errors),
)
BY_ID: Final = {action.id: action for action in ACTIONS}
