"""``make bench``: every benchmark, a table, and ``RESULT {json}``. Machines are noisy: quote ratios of one run."""

import json
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench import availability, backlog, catalogue, counter, log, promise, reconcile, sale, syncs, till
from bench.figure import Figure

SEED: Final = 7


def main() -> None:
    """Run every benchmark; exit 1 if a target is missed."""
    rng = random.Random(SEED)  # noqa: S311 - made-up goods
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="popup-bench-") as name:
        folder = Path(name)
        parts: list[tuple[str, Callable[[], list[Figure]]]] = [
            ("search", lambda: catalogue.search(folder, rng)),
            ("sale", lambda: sale.commit(folder, rng)),
            ("till", lambda: till.till(folder, rng)),
            ("syncs", lambda: syncs.syncs(folder / "syncs")),
            ("backlog", lambda: backlog.backlog(folder / "backlog", rng)),
            ("counter", lambda: counter.counter(folder / "counter", rng)),
            ("promise", lambda: promise.promise(folder / "promise", rng)),
            ("reconcile", lambda: reconcile.reconcile(folder / "reconcile", rng)),
            ("availability", lambda: availability.availability(folder / "availability", rng)),
            ("elsewhere", lambda: availability.elsewhere(folder, rng)),
            ("log", lambda: log.log(folder / "log", rng)),
        ]
        for label, measure in parts:
            print(f"measuring: {label}", file=sys.stderr, flush=True)
            figures += measure()
    _table(figures)
    result = {f.name: {"value": f.value, "unit": f.unit, "target": f.target, "ok": f.ok} for f in figures}
    print(f"RESULT {json.dumps({'bench': result})}")
    if not all(figure.ok for figure in figures):
        sys.exit(1)


def _table(figures: list[Figure]) -> None:
    print(f"{'figure':<28}{'value':>12}  {'unit':<8} target")
    for figure in figures:
        target = f"{figure.bound} {figure.target:g}" if figure.target is not None else "-"
        print(f"{figure.name:<28}{figure.value:>12}  {figure.unit:<8} {target:<14} {'ok' if figure.ok else 'MISSED'}")


if __name__ == "__main__":
    main()
