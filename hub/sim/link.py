"""One kiosk's link: messages pass while it is up, and both ends see how long its outages are."""

from collections.abc import Callable
from typing import Final

from hub.sim.agenda import Agenda
from hub.sim.world import BEAT_S, DELAY_S

FIRST_OUTAGE_S: Final = 1_800.0  # what is believed before any outage was seen: half an hour, counted as one outage


class Link:
    """A link that is up or down. What is on its way when it fails is lost: who sent it sends again when it is back."""

    def __init__(self, agenda: Agenda, *, up: bool) -> None:
        """Begin the day up or down; everybody was heard before it."""
        self._agenda = agenda
        self.up = up
        self._since_s = 0.0
        self._heard_at_s = 0.0
        self._session = 0
        self._up_s = 0.0
        self._down_s = FIRST_OUTAGE_S
        self._outages = 1

    def flip(self) -> None:
        """Fail, or come back."""
        now_s = self._agenda.now_s
        if self.up:
            self._heard_at_s = self._last_beat_s()
            self._up_s += now_s - self._since_s
        else:
            self._down_s += now_s - self._since_s
            self._outages += 1
        self.up = not self.up
        self._since_s = now_s
        self._session += 1

    def send(self, deliver: Callable[[], None]) -> None:
        """Run ``deliver`` after the delay, if the link stays up so long."""
        session = self._session
        if self.up:
            self._agenda.after(DELAY_S, lambda: deliver() if session == self._session else None)

    @property
    def heard_s(self) -> float:
        """Return how long ago the last beat came."""
        return self._agenda.now_s - (self._last_beat_s() if self.up else self._heard_at_s)

    @property
    def outage_s(self) -> float:
        """Return the mean length of the outages that are over."""
        return self._down_s / self._outages

    @property
    def up_share(self) -> float:
        """Return the share of time that it was up, of the spells that are over."""
        return self._up_s / (self._up_s + self._down_s)

    def _last_beat_s(self) -> float:
        return self._since_s + (self._agenda.now_s - self._since_s) // BEAT_S * BEAT_S
