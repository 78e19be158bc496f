"""How a dialogue is held: a refused answer is asked again, only what is offered is chosen, an end is an end."""

from kiosk.core.dialogue import Dialogue, Option, Prompt, Takes, Talk, ask
from kiosk.core.errors import Refused
from kiosk.core.notices import Mood, Notice
from kiosk.core.words import Text, say

NUMBER = Prompt(say("How many"), Takes.NUMBER, left=say("not counted"))


def number(text: str) -> int:
    if not text.isdecimal():
        raise Refused(say("{text} is no number", text=text))
    return int(text)


def counting(typed: str = "") -> Dialogue:
    many = yield from ask(NUMBER, number, typed=typed)
    if not many:
        raise Refused(say("nothing is nothing"))
    chosen = yield Prompt(say("Of what"), Takes.CHOICE, (Option("tea", "Tea"), Option("rum", "Rum")))
    return Notice(Mood.INFO, say("{many} of {what}", many=many, what=chosen))


def refused(talk: Talk) -> str:
    assert talk.prompt is not None
    return talk.prompt.refused


def test_what_does_not_do_is_said_and_asked_again() -> None:
    talk = Talk(counting())
    talk.answer("x")
    assert refused(talk) == "x is no number"
    talk.answer("3")
    talk.answer("gin")
    assert refused(talk) == "gin is none of these: choose one"
    talk.answer("")
    assert refused(talk) == "choose one of these"
    talk.answer("rum")
    assert (talk.prompt, talk.notice) == (None, Notice(Mood.INFO, "3 of rum"))


def test_a_talk_that_is_over_takes_no_answer() -> None:
    talk = Talk(counting("0"))
    assert (talk.prompt, talk.notice) == (None, Notice(Mood.ERROR, "nothing is nothing"))
    talk.answer("3")
    assert (talk.prompt, talk.notice) == (None, Notice(Mood.ERROR, "nothing is nothing"))


def test_what_was_typed_before_is_the_first_answer_and_may_be_refused() -> None:
    assert refused(Talk(counting("x"))) == "x is no number"
    talk = Talk(counting("2"))
    assert (talk.prompt.text if talk.prompt else "") == "Of what"


def test_leaving_says_what_the_question_says_of_it() -> None:
    talk = Talk(counting())
    talk.leave()
    assert (talk.prompt, talk.notice) == (None, Notice(Mood.INFO, "not counted"))
    assert isinstance(talk.notice.text if talk.notice else "", Text)
