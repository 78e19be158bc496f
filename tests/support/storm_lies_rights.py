"""Lies about rights and promises in a true world, each with what the judge must say it is, and in which words.

Of :mod:`storm_lies`, the hands; of the judge, the words ``oversold``, ``i2``, ``overdrafts`` and ``promises``.
"""
# ruff: noqa: S608 - every statement is put together here

import json
from collections.abc import Callable
from typing import Any, Final

from storm_lies import K1, Diary
from storm_worlds_rights import ASKED, HELD, WEB, RightsWorld

Lie = Callable[[RightsWorld], object]
RIGHTS_LIES: dict[str, tuple[str, str, Lie]] = {}
TEA: Final = "sku = 'tea' AND condition = 'sellable'"


def sql(name: str, what: str, phrase: str, *statements: str, at: str = "hub") -> None:
    def tell(world: RightsWorld) -> None:
        with {"hub": world.hub, "shelf": world.shelf}.get(at, lambda: world.till(at))() as db:
            for statement in statements:
                assert db.execute(statement).rowcount > 0

    RIGHTS_LIES[name] = (what, phrase, tell)


def diary(name: str, what: str, phrase: str, change: Callable[[Diary], object]) -> None:
    RIGHTS_LIES[name] = (what, phrase, lambda world: world.edit_diary(K1, change))


def web(name: str, phrase: str, **entry: Any) -> None:
    def tell(world: RightsWorld) -> None:
        with world.web.open("a") as file:
            file.write(f"{json.dumps({'at': 5.0, **entry})}\n")

    RIGHTS_LIES[name] = ("promises", phrase, tell)


# Rights that do not add up.
sql("a_right_made_of_nothing", "i2", "tea sellable pc are +1 off", f"UPDATE pools SET free = free + 1 WHERE {TEA}")
sql("a_right_gone", "i2", "tea sellable pc are -1 off", f"UPDATE pools SET deficit = deficit + 1 WHERE {TEA}")
sql("granted_by_nobody", "i2", "+1 off", f"UPDATE accounts SET issued = issued + 1 WHERE {TEA} AND epoch = 1")
sql("a_grant_applied_twice", "i2", "off", f"UPDATE accounts SET released = released + 100 WHERE {TEA} AND epoch = 1")
sql(
    "a_closed_life_that_still_holds",
    "i2",
    "market rice sellable g",
    "UPDATE lives SET closed_at = NULL",
    "UPDATE accounts SET issued = issued + 3 WHERE sku = 'rice'",
)

# More promised than is there.
sql("promised_to_too_many", "oversold", "of jam are promised", "UPDATE reservation_lines SET amount = amount + 50")
sql("aside_at_a_till_alone", "oversold", "of jam", "UPDATE reservation_lines SET amount = 60", at=K1)
sql(
    "goods_that_vanished",
    "oversold",
    "of jam",
    "DELETE FROM display WHERE sku = 'jam'",
    "DELETE FROM aside",
    at="shelf",
)
sql("sold_and_never_came", "oversold", "were sold by right", "UPDATE display SET came = came - 90", at="shelf")

# Goods in hand that nobody had in hand.
diary(
    "an_overdraft_with_rights_to_spare",
    "overdrafts",
    "0 were without rights",
    lambda said: [entry["rights"].update(tea=999) for entry in said if entry["say"] == "hand"],
)
diary(
    "an_overdraft_that_nobody_saw",
    "overdrafts",
    "booked as goods in hand",
    lambda said: said.__setitem__(slice(None), [entry for entry in said if entry["say"] != "hand"]),
)

# Promises.
AT_HUB: Final = f"WHERE id = '{ASKED}'"
sql("never_answered", "promises", "was never answered", f"UPDATE promises SET state = 'pending' {AT_HUB}")
sql("a_promise_that_the_hub_forgot", "promises", "was never answered", f"DELETE FROM promises {AT_HUB}")
sql(
    "answered_otherwise_at_the_hub",
    "promises",
    "was answered differently",
    f"UPDATE promises SET answer = json_set(answer, '$.site', 'moon') {AT_HUB}",
)
sql(
    "answered_otherwise_at_the_till",
    "promises",
    "was answered differently",
    "UPDATE promises SET answer = CAST(json_set(CAST(answer AS TEXT), '$.code', 'XX') AS BLOB)",
    at=K1,
)
sql(
    "answered_again_and_nobody_owned_up",
    "promises",
    "was answered differently",
    f"UPDATE promises SET earlier = json_array(json(answer)), answer = json_set(answer, '$.answer', 'sorry') {AT_HUB}",
)
sql("never_heard_of", "promises", "the till never heard of it", "UPDATE promises SET state = 'pending'", at=K1)
sql(
    "told_and_not_recorded",
    "promises",
    "was told 0 times",
    "DELETE FROM facts WHERE type LIKE 'promise.told.%'",
    at=K1,
)
sql(
    "confirmed_and_nothing_booked",
    "promises",
    "nothing is booked for it",
    f"DELETE FROM reservation_lines WHERE reservation = '{ASKED}'",
    f"DELETE FROM reservations {AT_HUB}",
)
diary(
    "told_otherwise_later",
    "promises",
    "was answered differently",
    lambda said: said.append({"say": "answer", "promise": ASKED, "answer": "sorry", "lines": [], "site": None}),
)
diary(
    "sent_away_for_no_reason",
    "promises",
    "were not there, for no reason",
    lambda said: said.append({"say": "not_there", "reservation": HELD, "lines": [["jam", 1]]}),
)
sql("nothing_aside", "promises", "are missing of what", "DELETE FROM display", "DELETE FROM aside", at="shelf")
web("held_in_no_book", "no book has it", say="held", id="ghost")
web("confirmed_in_no_book", "no book has it", say="confirmed", id="ghost")
web("repeated_otherwise", "was answered otherwise", say="repeated", key="k", same=False, first_at=5.0)


def owned_up(world: RightsWorld, *, in_turn: bool = True) -> None:
    """Let the hub break its promise openly, and the till be told: no lie, if the till heard both answers in turn."""
    sorry: dict[str, Any] = {"answer": "sorry", "lines": [], "site": None, "code": ""}
    with world.hub() as db:
        change = (
            "UPDATE promises SET earlier = json_array(json(answer)), state = 'sorry', answer = json_patch(answer, ?) "
        )
        db.execute(change + AT_HUB, (json.dumps(sorry),))
        broken = (
            "INSERT INTO exceptions (kind, subject, detail, at, owner) VALUES ('reservation_broken', ?, '{}', '', '')"
        )
        db.execute(broken, (ASKED,))
    with world.till(K1) as db:
        db.execute("UPDATE promises SET answer = CAST(? AS BLOB)", (json.dumps(sorry),))
    told = {"say": "answer", "promise": ASKED, **sorry}
    world.edit_diary(K1, lambda said: said.insert(len(said) if in_turn else 0, told))


def excused(world: RightsWorld) -> None:
    """Tell what would be lies, were they not lost with the hub's books: the judge must find nothing."""
    with world.web.open("a") as file:
        for entry in (
            {"say": "held", "id": "ghost", "at": 5.0},
            {"say": "repeated", "key": "k", "same": False, "first_at": 5.0, "at": 9.0},
            {"say": "confirmed", "id": WEB, "at": 9.0},
        ):
            file.write(f"{json.dumps(entry)}\n")
    world.losses.write_text(json.dumps({"say": "went_back", "since": 4.0, "until": 6.0}) + "\n")
