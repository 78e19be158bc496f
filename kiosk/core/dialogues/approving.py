"""Who allows what staff may not do alone: a manager's PIN, for one thing, without leaving what is being done."""

from contract.shop import Person, Role
from kiosk.core.counter import MAX_APPROVER
from kiosk.core.dialogue import Asking, Option, Prompt, Takes, ask
from kiosk.core.errors import Refused
from kiosk.core.station import Station
from kiosk.core.words import say


def approve(station: Station, why: str) -> Asking[str]:
    """Return the id of the manager who allows it, once their PIN was right.

    Where the shop has no managers with a PIN, somebody's id is asked for, and stands in the books instead.
    """
    managers = list(station.staff.people(Role.MANAGER))
    if not managers:
        return (yield from ask(Prompt(say("A manager's id"), title=why), _an_id))
    person = managers[0] if len(managers) == 1 else (yield from _choose(managers, why))

    def right(pin: str) -> str:
        if not station.staff.check(person, pin):
            raise Refused(say("that is not the PIN of {name}: type it again, or Esc", name=person.name))
        return person.id

    return (yield from ask(Prompt(say("PIN of {name}", name=person.name), Takes.PIN, title=why), right))


def _choose(managers: list[Person], why: str) -> Asking[Person]:
    options = tuple(Option(one.id, one.name) for one in managers)
    chosen = yield Prompt(say("Who allows it"), Takes.CHOICE, options, title=why)
    return next(one for one in managers if one.id == chosen)


def _an_id(text: str) -> str:
    cleaned = text.strip()
    if not 1 <= len(cleaned) <= MAX_APPROVER or not cleaned.isprintable():
        raise Refused(say("type the manager's id, at most {most} characters", most=MAX_APPROVER))
    return cleaned
