"""Both attacks beside each other, each in a process of its own, so that each measures its own memory."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from hostile.at_hub import attack_hub
from hostile.at_kiosk import attack_kiosk
from hostile.report import Both


def run(messages: int, seed: int, folder: Path) -> Both:
    """Send ``messages`` to a hub and as many to a kiosk, below ``folder``; the same seed says the same."""
    places = [folder / name for name in ("hub", "kiosk")]
    for place in places:
        place.mkdir(parents=True)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        at_hub = pool.submit(attack_hub, messages, seed, places[0])
        at_kiosk = pool.submit(attack_kiosk, messages, seed, places[1])
        return Both(at_hub.result(), at_kiosk.result())
