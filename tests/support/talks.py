"""Dialogues driven as a person does, without a screen: what is chosen is chosen by its id."""

from kiosk.core.actions import BY_ID
from kiosk.core.dialogue import Dialogue, Talk
from kiosk.core.notices import Notice
from kiosk.core.station import Station


def begin(station: Station, action: str, *answers: str) -> Talk:
    """Begin an action's dialogue and give it answers; it may go on asking."""
    return answered(BY_ID[action].begin(station), *answers)


def answered(dialogue: Dialogue, *answers: str) -> Talk:
    """Give a dialogue its answers."""
    talk = Talk(dialogue)
    for answer in answers:
        assert talk.prompt is not None, f"nothing was asked that {answer!r} answers: {talk.notice}"
        talk.answer(answer)
    return talk


def hold(station: Station, action: str, *answers: str) -> Notice | None:
    """Hold an action's dialogue to its end; an answer that is refused, or one too few, fails the test."""
    return ended(begin(station, action, *answers))


def ended(talk: Talk) -> Notice | None:
    """Return what a dialogue said at its end; one that still asks fails the test."""
    assert talk.prompt is None, f"it still asks {talk.prompt.text!r}: {talk.prompt.refused}"
    return talk.notice
