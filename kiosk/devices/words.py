"""What is wrong with a device, for the people at the till."""

from typing import Final

from hardware import errors
from hardware.ports.printer import PrinterStatus
from hardware.ports.scanner import ProblemKind
from kiosk.core.words import Text, say

_WHY: Final[dict[type[errors.HardwareError], Text]] = {
    errors.Unplugged: say("it is not connected: check its power and its cable"),
    errors.Busy: say("another program uses it: end that program"),
    errors.NotAllowed: say("this user may not use it: add the user to the groups dialout, input and lp"),
    errors.NoAnswer: say("it does not answer: check that it is switched on, and its profile and speed in the settings"),
    errors.Stuck: say("it takes no more data: look whether it waits for paper or has its cover open"),
    errors.NotReady: say("it cannot print: put paper in and close the cover"),
    errors.JobTooLarge: say("the receipt is too long for one job"),
    errors.BadSetting: say("its settings cannot be used: correct them as the guide to the hardware shows"),
}
STATES: Final = {
    PrinterStatus.NO_PAPER: say("it has no paper: put a roll in"),
    PrinterStatus.COVER_OPEN: say("its cover is open: close it"),
    PrinterStatus.OFFLINE: say("it is not reached: check its power and its cable"),
}
NOISE: Final[dict[ProblemKind, Text]] = {
    "garbage": say("NOISE from the scanner, nothing was added: scan again; if it stays, check its speed and its cable"),
    "long": say("NOISE from the scanner, a code without an end: scan again; if it stays, set it to end with Enter"),
    "half": say("CANNOT READ a code that came only in part, nothing was added: scan again"),
}


def why(error: errors.HardwareError) -> Text:
    """Return what is wrong and what to do."""
    return why_kind(type(error))


def why_kind(kind: type[errors.HardwareError]) -> Text:
    """Return the same for a kind of error."""
    return _WHY.get(kind) or say("it failed ({kind}): look at it", kind=kind.__name__)
