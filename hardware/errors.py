"""What can go wrong with a device. Every message says what is wrong and what to do; none of them stops the till."""

from typing import ClassVar


class HardwareError(Exception):
    """A device did not do what it was asked."""

    summary: ClassVar[str] = "the device did not do what it was asked"
    remedy: ClassVar[str] = "look at the device"
    sent: int = 0  # bytes of a print job that had left before this went wrong

    def __init__(self, detail: str = "") -> None:
        """Say the summary, what is particular to this case, and what to do."""
        self.detail = detail
        super().__init__(f"{self.summary}{f' ({detail})' if detail else ''}: {self.remedy}")


class Unplugged(HardwareError):
    """The device is not there: never plugged in, pulled out, switched off or not reached."""

    summary = "the device is not connected"
    remedy = "check its power and its cable"


class Busy(HardwareError):
    """Another program holds the device."""

    summary = "another program uses the device"
    remedy = "end that program, or try again in a moment"


class NotAllowed(HardwareError):
    """This user may not open the device."""

    summary = "this user may not use the device"
    remedy = "add the user to the group that owns the device file (dialout, input or lp)"


class NoAnswer(HardwareError):
    """The device is connected and says nothing that can be understood."""

    summary = "the device does not answer"
    remedy = "check that it is switched on, and the profile and speed in the settings"


class Stuck(HardwareError):
    """The device takes no more data; what was sent before may have had its effect."""

    summary = "the device takes no more data"
    remedy = "look whether it waits for paper or has its cover open"


class NotReady(HardwareError):
    """The printer said that it cannot print."""

    summary = "the printer cannot print"
    remedy = "put paper in, close the cover, then print again"


class JobTooLarge(HardwareError):
    """A print job is longer than any receipt."""

    summary = "the print job is too large"
    remedy = "print it in parts"


class NotSupported(HardwareError):
    """The device has no command for this."""

    summary = "the device has no command for this"
    remedy = "use the key on the device itself"


class BadSetting(HardwareError):
    """A setting names no device, profile or unit that is known here."""

    summary = "a setting cannot be understood"
    remedy = "correct it as docs/hardware.md shows"


class Closed(HardwareError):
    """The part was used after its close."""

    summary = "the device was closed by this program"
    remedy = "open it again"
