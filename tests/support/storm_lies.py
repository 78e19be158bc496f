"""Lies about a true world, each with what the judge must say of it: ``lost``, ``doubled``, ``chain`` or ``note``."""
# ruff: noqa: S608 - every statement is put together here

import json
from collections.abc import Callable
from typing import Any

from storm_worlds import World, append, change_data, last_sale, rewrite

K1 = "market/k1"
HUB_K1 = "kiosk_id = (SELECT id FROM kiosks WHERE site = 'market' AND kiosk = 'k1')"
LAST = f"{HUB_K1} AND seq = (SELECT max(seq) FROM facts WHERE {HUB_K1})"
ONE = f"{HUB_K1} AND receipt = 'k1-1-4'"
LAST_RECEIPT = "epoch = 1 AND n = (SELECT max(n) FROM receipts WHERE epoch = 1)"
NOW = "2026-11-21T09:30:00.000000Z"

Lie = Callable[[World], object]
Diary = list[dict[str, Any]]  # what it says, entry by entry
LIES: dict[str, tuple[str, str, Lie]] = {}


def lie(kind: str, phrase: str) -> Callable[[Lie], Lie]:
    """Add a lie, of which the judge must say ``phrase`` as ``kind``."""

    def add(tell: Lie) -> Lie:
        LIES[tell.__name__] = (kind, phrase, tell)
        return tell

    return add


def sql(name: str, kind: str, phrase: str, *statements: str, at: str = "hub") -> None:
    def tell(world: World) -> None:
        with world.hub() if at == "hub" else world.till(at) as db:
            for statement in statements:
                assert db.execute(statement).rowcount > 0

    LIES[name] = (kind, phrase, tell)


# What the till's file says.
sql(
    "a_sale_gone_without_trace",
    "lost",
    "was shown as done and is not in the journal",
    f"DELETE FROM facts WHERE seq = (SELECT seq FROM receipts WHERE {LAST_RECEIPT})",
    f"DELETE FROM receipts WHERE {LAST_RECEIPT}",
    at=K1,
)
sql("a_gap_in_the_journal", "chain", "what is between them is gone", "DELETE FROM facts WHERE seq = 9", at=K1)
sql("a_first_fact_gone", "chain", "it follows 0", "DELETE FROM facts WHERE seq = 1", at=K1)
sql(
    "a_digest_that_is_not",
    "chain",
    "not those that were recorded",
    "UPDATE facts SET digest = 'x' WHERE seq = 5",
    at=K1,
)
sql("bytes_that_are_no_json", "chain", "cannot be read", "UPDATE facts SET bytes = x'00' WHERE seq = 5", at=K1)
sql("a_type_that_is_not", "chain", "it is kept as a x", "UPDATE facts SET type = 'x' WHERE seq = 5", at=K1)
sql("a_till_receipt_gone", "lost", "the till's receipts lack", f"DELETE FROM receipts WHERE {LAST_RECEIPT}", at=K1)
sql(
    "a_till_receipt_too_many",
    "doubled",
    "the till's receipts hold what no fact says",
    "INSERT INTO receipts VALUES (1, 999, 3, 'sale', 'nobody', 'EUR', 100, 'now')",
    at=K1,
)
sql("a_till_receipt_of_another_sum", "lost", "the till's receipts lack", "UPDATE receipts SET total_minor = 1", at=K1)
sql(
    "a_basket_still_open",
    "doubled",
    "still open, to be sold again",
    "INSERT INTO baskets (id, state, opened_at, currency) VALUES ('b3', 'open', 'now', 'EUR')",
    at=K1,
)
for term in ("received", "returned", "sold", "adjusted", "overdraft"):
    tea = "WHERE sku = 'tea' AND condition = 'sellable'"
    for sign, kind in (("-", "lost"), ("+", "doubled")):
        change = f"{term} = {term} {sign} 1 {tea}"
        sql(f"account_{term}{sign}", kind, f"k1 accounts: {term} of tea", f"UPDATE accounts SET {change}", at=K1)
        at_market = f"UPDATE accounts SET {change} AND site = 'market'"
        sql(f"stock_{term}{sign}", kind, f"north/market stock at the hub: {term} of tea", at_market)


@lie("chain", "does not carry the digest")
def a_fact_written_anew_in_the_middle(world: World) -> None:
    with world.till(K1) as db:
        raw = db.execute("SELECT bytes FROM facts WHERE seq = 6").fetchone()[0]
        rewrite(db, {**json.loads(raw), "clock": "untrusted"})


@lie("chain", "it says that it comes from")
def a_fact_of_another_till(world: World) -> None:
    with world.till(K1) as db:
        event = last_sale(db)
        rewrite(db, {**event, "source": event["source"].replace("k1", "k2")})


@lie("chain", "it says that it is number")
def two_facts_that_changed_places(world: World) -> None:
    with world.till(K1) as db:
        for one, other in ((7, 0), (8, 7), (0, 8)):
            db.execute("UPDATE facts SET seq = ? WHERE seq = ?", (other, one))


@lie("doubled", "the sale of basket later is recorded 2 times")
def a_refused_tender_recorded_and_recorded_again(world: World) -> None:
    with world.till(K1) as db:
        append(db, change_data(last_sale(db), receipt="k1-1-18"))


@lie("doubled", "was given before")
def a_receipt_number_used_twice(world: World) -> None:
    with world.till(K1) as db:
        append(db, change_data(last_sale(db), basket="other"))


@lie("lost", "receipts 18 to 24 before it were never given")
def receipt_numbers_left_out(world: World) -> None:
    with world.till(K1) as db:
        append(db, change_data(last_sale(db), basket="other", receipt="k1-1-25"))


@lie("lost", "is no receipt of this till")
def a_receipt_number_of_another_till(world: World) -> None:
    with world.till(K1) as db:
        append(db, change_data(last_sale(db), basket="other", receipt="k2-1-18"))


@lie("lost", "do not add up")
def a_total_that_is_not_the_sum(world: World) -> None:
    with world.till(K1) as db:
        append(db, change_data(last_sale(db), basket="other", receipt="k1-1-18", total_minor=1))


@lie("lost", "the journal has it with 7")
def another_total_than_was_shown(world: World) -> None:
    with world.till(K1) as db:
        rewrite(db, change_data(last_sale(db), total_minor=7))


@lie("lost", "the journal has other goods than were tendered")
def other_goods_than_were_tendered(world: World) -> None:
    with world.till(K1) as db:
        event = last_sale(db)
        rewrite(db, change_data(event, lines=[{**event["data"]["lines"][0], "sku": "gold"}]))


# What the diary says.
def of(said: Diary, word: str, basket: str) -> dict[str, Any]:
    return next(entry for entry in said if entry["say"] == word and entry.get("basket") == basket)


def diary(name: str, kind: str, phrase: str, change: Callable[[Diary], object]) -> None:
    LIES[name] = (kind, phrase, lambda world: world.edit_diary(K1, change))


SHOWN = {"say": "done", "basket": "ghost", "kind": "sale", "receipt": "k1-1-99", "minor": 1}
DELIVERED = {"say": "delivery", "lines": [["tea", "pc", 6]]}
COUNTED = {"say": "counted", "lines": [["tea", "pc", 8]]}
diary("shown_and_never_recorded", "lost", "shown as done and is not", lambda said: said.append(SHOWN))
diary("shown_with_another_receipt", "lost", "has it as k1-1-3", lambda said: of(said, "done", "b3").update(receipt="x"))
diary("shown_with_another_sum", "lost", "with 5; the", lambda said: of(said, "done", "b3").update(minor=5))
diary("never_tendered", "doubled", "was never tendered", lambda said: said.remove(of(said, "tender", "untold")))
diary("tendered_otherwise", "lost", "than it was tendered", lambda said: of(said, "tender", "untold").update(minor=3))
diary("money_never_tendered", "doubled", "money in the journal", lambda said: said.remove(of(said, "tender", "b3")))
diary("a_delivery_gone", "lost", "the diary's delivery", lambda said: said.append(DELIVERED))
diary("a_count_gone", "lost", "the diary's counted", lambda said: said.append(COUNTED))
diary(
    "more_left_the_shelf",
    "lost",
    "sold of tea (pc), by the diaries,",
    lambda said: of(said, "tender", "b3").update(lines=[["tea", "pc", 9]]),
)
diary(
    "less_came_back",
    "doubled",
    "returned of tea (pc), by the diaries,",
    lambda said: of(said, "tender", "b-back").update(lines=[["tea", "pc", 1]]),
)

# What the hub says.
sql("a_fact_gone_at_the_hub", "lost", "k1 at the hub: epoch 1, sequence 21", f"DELETE FROM facts WHERE {LAST}")
sql("a_fact_the_hub_holds_otherwise", "lost", "has other bytes", f"UPDATE facts SET bytes = x'7b7d' WHERE {LAST}")
sql(
    "a_damaged_copy",
    "chain",
    "k1 at the hub, epoch 1, sequence 5",
    f"UPDATE facts SET bytes = x'00' WHERE {HUB_K1} AND seq = 5",
)
sql(
    "a_kiosk_the_hub_forgot",
    "lost",
    "is missing",
    *(f"DELETE FROM {t} WHERE {HUB_K1}" for t in ("facts", "receipts", "lanes")),
)
sql("a_lane_nobody_has", "doubled", "lane sense, epoch 1", f"UPDATE facts SET lane = 'sense' WHERE {LAST}")
OLD = "region, site, epoch, online, last_seen_at, version"
STRANGER = f"INSERT INTO kiosks (id, kiosk, {OLD}) SELECT 99, 'k9', {OLD} FROM kiosks WHERE id = 1"
for table, columns in (
    ("facts", "epoch, lane, seq, type, digest, received_at, bytes"),
    ("receipts", "receipt, again, kind, total_minor, currency, at, epoch, lane, seq"),
):
    copy = f"INSERT INTO {table} SELECT 99, {columns} FROM {table} WHERE {HUB_K1} AND seq = 4"
    sql(f"{table}_of_a_kiosk_nobody_has", "doubled", "is of a kiosk that is not there", STRANGER, copy)
sql(
    "a_hub_receipt_gone",
    "lost",
    "at the hub: the receipts lack",
    f"DELETE FROM receipts WHERE {ONE}",
)
sql("another_sum", "lost", "at the hub: the receipts lack", f"UPDATE receipts SET total_minor = 1 WHERE {HUB_K1}")
sql(
    "another_kind",
    "lost",
    "the receipts lack",
    f"UPDATE receipts SET kind = 'refund' WHERE {ONE}",
)
sql("less_money", "lost", "money by sales in EUR", f"DELETE FROM receipts WHERE {ONE}")
for name, number, again in (("a_receipt_too_many", "'k1-1-999'", "0"), ("a_receipt_twice", "receipt", "5")):
    row = f"kiosk_id, {number}, {again}, kind, total_minor, currency, at, epoch, lane, seq"
    copy = f"INSERT INTO receipts SELECT {row} FROM receipts WHERE {ONE}"
    sql(name, "doubled", "the receipts hold what no journal says", copy)
sql("an_inbox_ahead", "doubled", "the position of epoch 1", f"UPDATE lanes SET position = position + 1 WHERE {HUB_K1}")
sql("an_inbox_behind", "lost", "the position of epoch 1", f"UPDATE lanes SET position = position - 1 WHERE {HUB_K1}")
sql("an_inbox_elsewhere", "chain", "the inbox's digest", f"UPDATE lanes SET digest = 'x' WHERE {HUB_K1}")
sql("no_inbox", "lost", "has facts and no position", f"DELETE FROM lanes WHERE {HUB_K1}")
sql("a_break_that_the_hub_saw", "chain", "the hub saw", f"UPDATE lanes SET chain_broken_at = '{NOW}' WHERE {HUB_K1}")
sql(
    "stock_of_no_site",
    "doubled",
    "north/moon stock at the hub",
    "INSERT INTO accounts (kiosk_id, epoch, sku, condition, unit, region, site, received) "
    "VALUES (1, 99, 'tea', 'sellable', 'pc', 'north', 'moon', 1)",
)
for name, kind in (
    ("receipt_reused", "doubled"),
    ("fork", "doubled"),
    ("chain_broken", "chain"),
    ("books_went_back", "note"),
):
    row = f"'{name}', 'x', '{{}}', '{NOW}', 'operator'"
    sql(
        f"exception_{name}",
        kind,
        f"exception {name} of x",
        f"INSERT INTO exceptions (kind, subject, detail, at, owner) VALUES ({row})",
    )
for name, kind, digest in (("set_aside", "lost", "'x'"), ("set_aside_and_held", "note", "digest")):
    row = f"kiosk_id, epoch, lane, seq, 'refused', 'for a reason', '', {digest}, bytes, received_at"
    columns = "kiosk_id, epoch, lane, seq, kind, what, path, digest, bytes, at"
    copy = f"INSERT INTO quarantine ({columns}) SELECT {row} FROM facts WHERE {LAST}"
    sql(name, kind, "set aside as refused: for a reason", copy)


@lie("doubled", "sequence 22 (receipt k1-1-18) is in no journal")
def a_fact_that_no_journal_has(world: World) -> None:
    with world.hub() as db:
        (kiosk,) = db.execute(f"SELECT kiosk_id FROM facts WHERE {LAST}").fetchone()
        append(db, change_data(hub_sale(world), basket="ghost", receipt="k1-1-18"), kiosk)


@lie("doubled", "at the hub: the sale of basket later is recorded 2 times")
def a_basket_sold_twice_at_the_hub(world: World) -> None:
    with world.hub() as db:
        (kiosk,) = db.execute(f"SELECT kiosk_id FROM facts WHERE {LAST}").fetchone()
        append(db, hub_sale(world), kiosk)


def hub_sale(world: World) -> dict[str, Any]:
    with world.till(K1) as db:
        return last_sale(db)
