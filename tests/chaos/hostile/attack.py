"""Both attacks beside each other, each in a process of its own, so that each measures its own memory."""

import traceback
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from progress import Progress, nowhere

from hostile.at_hub import attack_hub
from hostile.at_kiosk import attack_kiosk
from hostile.report import Both, Report


def run(messages: int, seed: int, folder: Path, *, progress: bool = False) -> Both:
    """Send ``messages`` to a hub and as many to a kiosk, below ``folder``; the same seed says the same."""
    places = [folder / name for name in ("hub", "kiosk")]
    for place in places:
        place.mkdir(parents=True)
    tells = [Progress(f"hostile peer: {place.name}", messages) if progress else nowhere for place in places]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        at_hub = pool.submit(attack_hub, messages, seed, places[0], tell=tells[0])
        at_kiosk = pool.submit(attack_kiosk, messages, seed, places[1], tell=tells[1])
        return Both(outcome(at_hub, "hub"), outcome(at_kiosk, "kiosk"))


def outcome(attack: Future[Report], target: str) -> Report:
    """Return what an attack came to; what it brought down has crashed."""
    try:
        return attack.result()
    except Exception as error:  # noqa: BLE001 - whatever it is, the target did not stand it
        traceback.print_exception(error)
        return Report(target, crashes=1, wrong=[repr(error)])
