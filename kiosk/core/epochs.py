"""When a journal must begin a new epoch: others hold facts under its numbers that it does not (I6).

Rules
-----
1.  A card that was restored, replaced or cloned, or that lost its tail, would give numbers and receipts again that are
    taken. So before its next fact its journal begins the epoch after the newest that anybody knows of.
2.  Who knows: the hub, by what it acknowledged and by the digest of the fact it holds last; and a second medium.
3.  An epoch is never lowered and never taken up again. What an older epoch holds is still sent.
4.  Nothing here stops a sale: what cannot be asked is not waited for, and a fork that comes of it is kept by the hub.
    An epoch far beyond our own is no honest kiosk's, and would use them up: whoever tells of it is not believed.
"""

from collections.abc import Mapping

from msgspec import Struct

from contract.values import MAX_EPOCH, MAX_EPOCH_LEAP, Epoch, Seq


class Heard(Struct, frozen=True):
    """What others hold of a lane: how far each epoch is, and the newest epoch in which theirs is not ours (0: none)."""

    positions: Mapping[Epoch, Seq] = {}
    strayed: Epoch = Epoch(0)


def merge(one: Heard, other: Heard) -> Heard:
    """Return what both together hold."""
    epochs = one.positions.keys() | other.positions.keys()
    none = Seq(0)
    positions = {epoch: max(one.positions.get(epoch, none), other.positions.get(epoch, none)) for epoch in epochs}
    return Heard(positions, max(one.strayed, other.strayed))


def decide_lost(own: Epoch, newest: Seq, heard: Heard) -> Epoch | None:
    """Return the epoch that the journal must go beyond, or None where it holds all that others know of."""
    beyond = [epoch for epoch, seq in heard.positions.items() if epoch > own or (epoch == own and seq > newest)]
    if heard.strayed >= own:
        beyond.append(heard.strayed)
    last = min(own + MAX_EPOCH_LEAP, MAX_EPOCH - 1)  # one must be left to begin
    return max((epoch for epoch in beyond if epoch <= last), default=None)
