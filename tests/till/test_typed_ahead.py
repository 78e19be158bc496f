"""What is typed before the key of an action is its answer; what no action takes stays where it was typed."""

import pytest
from talks import ended
from till_terminal import barcode

from kiosk.core.dialogue import Prompt, Talk, ask
from kiosk.core.errors import Refused
from kiosk.core.notices import Mood, Notice
from kiosk.core.words import say


async def test_a_basket_is_held_under_the_name_typed_before(open_till):
    async with open_till() as till:
        await till.scan(barcode(1))
        await till.type("red scarf")
        await till.press("f4")
        assert till.notice().endswith("red scarf")
        assert till.frame.entry.text == ""
        assert till.basket() == []
        await till.press("f5")
        assert till.basket() == [("P-01", 1)]


async def test_holding_and_recalling_take_one_key_each(open_till):
    async with open_till() as till:
        await till.scan(barcode(1))
        await till.press("f4")
        assert till.basket() == []
        await till.press("f5")
        assert till.basket() == [("P-01", 1)]


async def test_what_an_action_has_no_use_for_stays_in_the_entry_line(open_till):
    async with open_till() as till:
        await till.scan(barcode(1))
        await till.type("4.50")
        await till.press("f8")
        assert till.basket() == []
        assert till.frame.entry.text == "4.50"
        await till.press("enter")
        assert till.basket() == [("OPEN", 1)]


@pytest.mark.parametrize("key", ["f9", "f12"])
async def test_a_price_that_was_not_entered_is_neither_cash_nor_forgotten(open_till, key):
    async with open_till() as till:
        await till.scan(barcode(1))
        await till.type("4.50")
        await till.press(key)
        assert "4.50 is typed and not in the basket" in till.notice()
        assert till.frame.entry.text == "4.50"
        await till.press("enter", key)
        await till.press("enter")
        assert till.app._sale.counter.sold.total_minor == 551


async def test_what_a_scanner_sent_without_an_end_names_nothing(open_till):
    async with open_till() as till:
        await till.scan(barcode(1))
        till.wait_s(1)
        await till.type(barcode(2), gap_s=0)
        await till.press("f4", "f5")
        assert barcode(2) not in till.notice()


def test_an_answer_given_before_the_question_is_taken_or_refused_as_any_other():
    def number(text):
        if not text.isdigit():
            raise Refused(say("not a number"))
        return int(text)

    def dialogue(typed):
        found = yield from ask(Prompt(say("How many")), number, typed=typed)
        return Notice(Mood.INFO, str(found))

    assert ended(Talk(dialogue("12"))) == Notice(Mood.INFO, "12")
    talk = Talk(dialogue("many"))
    assert talk.prompt == Prompt(say("How many"), refused="not a number")
    talk.answer("7")
    assert ended(talk) == Notice(Mood.INFO, "7")
