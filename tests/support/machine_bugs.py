"""Seeded bugs: each breaks one rule that nothing else stands in for. The machine must catch every one of them, always.

A bug that the machine no longer catches means that the machine has become blind, or that the rule has become idle.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from machine_bugs_cards import (
    BelievesWhatIsStored,
    CountsAnyBatch,
    CriesWolf,
    DoubtsForEver,
    ForgetsStrayed,
    IgnoresDigests,
    KeepsReceiptEpoch,
    MixesLives,
    NeverDoubts,
    NoticesNoShrinking,
    RaisesAtStart,
    RaisesByOne,
    SendsNewestEpoch,
    StaysInBrokenLanes,
    stay,
)
from machine_bugs_hub import (
    AcceptsForks,
    AlteredIngest,
    AnswersBeforeCommit,
    AnswersWhatIsSaid,
    AppliesOverlapAgain,
    AppliesTwice,
    KeepsLifeLate,
    LosesLastFact,
    NeverSaysBroken,
    SkipsGaps,
    SwallowsForks,
    keep_incarnation,
)
from machine_bugs_kiosk import (
    BelievesLower,
    BelievesOldIncarnations,
    ForgetsAcknowledgements,
    ForgetsFlights,
    GivesUp,
    IgnoresRebirth,
    KeepsUnnamedStreams,
    MixesStreams,
    NeverFreesWindow,
    ReusesNumbers,
    ReusesReceipts,
    RewritesFacts,
    SentIsAcknowledged,
    StoresNoIncarnation,
)
from machine_openings import (
    answered,
    cloned,
    disordered,
    echoed,
    emptied,
    joined,
    killed,
    moved_on,
    one_behind,
    parted,
    put_back_under,
    restored,
    sending,
    silent,
    switched,
    tail_lost,
    told_late,
    twice_lost,
    working,
)
from machine_parts import Parts
from machine_rules import Opening


@dataclass(frozen=True)
class Bug:
    """What is put in, and the opening that brings a machine near the place where it hurts."""

    parts: Parts
    opening: Opening


CONTROL: Final = Parts(ingest=AlteredIngest)  # no bug: the copy of the transaction is as good as the real one

BUGS: Final[Mapping[str, Bug]] = {
    "a sequence number is used again": Bug(Parts(journal=ReusesNumbers), joined),
    "a receipt number is used again": Bug(Parts(journal=ReusesReceipts), joined),
    "a recorded fact is changed": Bug(Parts(journal=RewritesFacts), joined),
    "sent counts as acknowledged": Bug(Parts(session=SentIsAcknowledged), joined),
    "a lower acknowledgement is believed": Bug(Parts(session=BelievesLower), disordered),
    "an older incarnation is believed": Bug(Parts(session=BelievesOldIncarnations), echoed),
    "a higher incarnation is ignored": Bug(Parts(session=IgnoresRebirth), restored),
    "a stream unnamed by a reborn hub is kept": Bug(Parts(session=KeepsUnnamedStreams), emptied),
    "an acknowledgement counts for another stream": Bug(Parts(session=MixesStreams), joined),
    "going back forgets what was in flight": Bug(Parts(session=ForgetsFlights), sending),
    "the window is never freed": Bug(Parts(session=NeverFreesWindow), working),
    "sending again gives up": Bug(Parts(session=GivesUp), silent),
    "an acknowledgement is not stored": Bug(Parts(links=ForgetsAcknowledgements), joined),
    "an acknowledgement is stored without its hub": Bug(Parts(links=StoresNoIncarnation), restored),
    "the hub answers before it commits": Bug(Parts(ingest=AnswersBeforeCommit), killed),
    "the hub acknowledges what it does not hold": Bug(Parts(ingest=AnswersWhatIsSaid), joined),
    "a repeated batch is applied again": Bug(Parts(ingest=AppliesTwice), answered),
    "a batch that is partly new is applied whole": Bug(Parts(ingest=AppliesOverlapAgain), answered),
    "a gap is skipped": Bug(Parts(ingest=SkipsGaps), sending),
    "a fork is accepted": Bug(Parts(ingest=AcceptsForks), cloned),
    "a fork is swallowed": Bug(Parts(ingest=SwallowsForks), cloned),
    "the last fact of a batch is lost": Bug(Parts(ingest=LosesLastFact), joined),
    "the life file is late": Bug(Parts(life_file=KeepsLifeLate), one_behind),
    "restored books keep their incarnation": Bug(Parts(begin=keep_incarnation), restored),
    "an epoch is never begun": Bug(Parts(follow=stay), tail_lost),
    "an epoch that is known is begun": Bug(Parts(journal=RaisesByOne), twice_lost),
    "every start begins an epoch": Bug(Parts(journal=RaisesAtStart), joined),
    "receipts keep the old epoch": Bug(Parts(journal=KeepsReceiptEpoch), tail_lost),
    "old epochs are no longer sent": Bug(Parts(outbox=SendsNewestEpoch), moved_on),
    "digests are ignored": Bug(Parts(pump=IgnoresDigests), told_late),
    "an epoch of two cards is gone on with": Bug(Parts(pump=StaysInBrokenLanes), parted),
    "a good journal counts as strayed": Bug(Parts(pump=CriesWolf), working),
    "another journal's stored acknowledgement counts": Bug(Parts(session=BelievesWhatIsStored), switched),
    "a position counts for another card's facts": Bug(Parts(session=NeverDoubts), told_late),
    "forks are sent for ever": Bug(Parts(session=DoubtsForEver), switched),
    "a named batch counts for those before it": Bug(Parts(session=CountsAnyBatch), parted),
    "a journal that shrank goes unnoticed": Bug(Parts(session=NoticesNoShrinking), put_back_under),
    "what strayed is not stored": Bug(Parts(links=ForgetsStrayed), moved_on),
    "one life's acknowledgement hides another's facts": Bug(Parts(links=MixesLives), tail_lost),
    "a lane of two journals passes for one": Bug(Parts(ingest=NeverSaysBroken), parted),
}
