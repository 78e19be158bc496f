"""The dialogue about the date, where the clock cannot be trusted (promise 10)."""

from datetime import datetime

from kiosk.core.dialogue import Dialogue, Prompt, ask
from kiosk.core.entry import EntryError, parse_moment
from kiosk.core.notices import Mood, Notice
from kiosk.core.station import Station
from kiosk.core.words import say


def set_date(station: Station) -> Dialogue:
    """Take the date from a person; one before the last fact is asked about once more."""
    desk = station.counter.desk
    doubted = ""

    def take(text: str) -> datetime:
        nonlocal doubted
        try:
            told_at = parse_moment(text).astimezone()
        except OverflowError as error:
            raise EntryError(say("there is no such day: type it such as 2026-11-21 14:05")) from error
        if told_at < desk.clock.floor and text != doubted:
            doubted = text
            floor = desk.clock.floor
            raise EntryError(say("that is before {floor}, which has passed: type it again if it is right", floor=floor))
        desk.record([desk.clock.tell(told_at)])
        return told_at

    told = (
        say("The clock cannot be trusted"),
        say("(it shows {at}).", at=desk.clock.stamp().at),
        say("Look at a watch or a phone."),
    )
    prompt = Prompt(say("Date and time, such as 2026-11-21 14:05"), title=say("WHAT DAY IS IT?"), told=told)
    told_at = yield from ask(prompt, take)
    return Notice(Mood.INFO, say("clock set to {at}", at=told_at))
