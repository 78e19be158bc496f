"""What can go wrong when something is handed to the link. Network faults are no errors: they arrive as events."""

from typing import ClassVar


class LinkError(Exception):
    """The link could not do this."""

    summary: ClassVar[str] = "the link could not do this"

    def __init__(self, detail: str = "") -> None:
        """Say the summary, then what is particular to this case."""
        super().__init__(f"{self.summary}: {detail}" if detail else self.summary)


class LinkDown(LinkError):
    """No broker is connected: nothing was sent and nothing is kept; send again after the next Connected."""

    summary = "no broker is connected"


class LinkBusy(LinkError):
    """The broker has not yet taken what it was given: send again after the next Delivered or Refused."""

    summary = "the broker has not yet taken what it was given"


class LinkTooLarge(LinkError):
    """The broker said that it takes no packet of this size; sent all the same it would end the connection."""

    summary = "the broker takes no packet of this size"


class LinkBroken(LinkError):
    """The receiver of events raised an error, which is this one's cause; the link has ended and stays ended."""

    summary = "the receiver of the link's events failed"
