"""What the owner of a card could know: told by the messages that reached it, not by the files that it keeps.

The till must go beyond what it must know of, and may not begin an epoch for anything else. Between the two lies what
a restart may have forgotten.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from contract.batch import Ack
from contract.codec import digest
from contract.streams import parse_lane_stream
from contract.values import Lane

Diary = Mapping[str, Sequence[bytes]]  # stream -> what a card holds of it


@dataclass
class Heard:
    """What acknowledgements said of the lanes of one card."""

    incarnation: int = 0
    ends: dict[str, int] = field(default_factory=dict)  # the furthest that this incarnation said of each stream
    strayed: dict[Lane, int] = field(
        default_factory=dict
    )  # the newest epoch of which others hold what the card does not
    told: dict[str, int] = field(default_factory=dict)  # as ``ends``, since the bridge started
    ever: dict[str, int] = field(default_factory=dict)  # whatever was said, even by a hub that has lost it since

    def take(self, ack: Ack, diary: Diary) -> None:
        """Learn from an acknowledgement; one of an older incarnation says nothing."""
        if ack.incarnation < self.incarnation:
            return
        if ack.incarnation > self.incarnation:
            self.incarnation = ack.incarnation
            self.ends.clear()
            self.told.clear()
        for one in ack.positions:
            for known in (self.ends, self.told, self.ever):
                known[one.stream] = max(one.position, known.get(one.stream, 0))
            facts = diary.get(one.stream, ())
            same = one.position <= len(facts) and one.digest in {None, digest(facts[one.position - 1])}
            if one.broken or not same:
                epoch, lane = parse_lane_stream(one.stream, "positions")
                self.strayed[lane] = max(epoch, self.strayed.get(lane, 0))

    def compare(self, diary: Diary, lengths: Mapping[str, int]) -> None:
        """Learn that a card holds ``diary`` now, where it was known to reach ``lengths``."""
        for stream, length in lengths.items():
            self.ever.setdefault(stream, 0)
            if length > len(diary.get(stream, ())):
                self.ever[stream] = max(length, self.ever.get(stream, 0))
                epoch, lane = parse_lane_stream(stream, "lengths")
                self.strayed[lane] = max(epoch, self.strayed.get(lane, 0))

    def is_strayed(self, stream: str) -> bool:
        """Return whether others were heard to hold facts of a stream that the card does not."""
        epoch, lane = parse_lane_stream(stream, "stream")
        return self.strayed.get(lane, 0) >= epoch

    def must_go_beyond(self, lane: Lane, own: int, newest: int) -> int | None:
        """Return the newest epoch of which others hold more than the card, None where it may go on."""
        return _beyond(self.ends, self.strayed.get(lane, 0), lane, own, newest)

    def may_go_beyond(self, lane: Lane, own: int, newest: int) -> int | None:
        """Return the newest epoch that anybody ever claimed to hold more of, None where nothing calls for another."""
        return _beyond(self.ever, self.strayed.get(lane, 0), lane, own, newest)


def _beyond(ends: Mapping[str, int], strayed: int, lane: Lane, own: int, newest: int) -> int | None:
    epochs = [strayed] if strayed >= own else []
    for stream, position in ends.items():
        epoch, of = parse_lane_stream(stream, "ends")
        if of is lane and (epoch > own or (epoch == own and position > newest)):
            epochs.append(epoch)
    return max(epochs, default=None)


class Knowledge:
    """What a running bridge has heard, and what of it is on the disk: that is what a till can ask for."""

    def __init__(self, stored: Heard) -> None:
        self.stored = stored
        self.forget()

    def hear(self, ack: Ack, diary: Diary) -> None:
        """The bridge heard ``ack``; it stores that with its next turn."""
        self.live.take(ack, diary)

    def store(self, *, positions: bool) -> None:
        """The bridge came round; how far the hub is it stores only now and then while a backlog drains."""
        before, self.stored = self.stored, deepcopy(self.live)
        if not positions:
            self.stored.incarnation, self.stored.ends = before.incarnation, before.ends

    def forget(self) -> None:
        """The bridge ended."""
        self.live = deepcopy(self.stored)
        self.live.told.clear()
