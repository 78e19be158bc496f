"""A shopper at the counter is answered while they wait: real broker, real hub, real bridge."""

import random
from pathlib import Path

from bench.figure import percentile
from bench.promise import COUNT, measure

BOUND_MS = 1500.0  # the bench holds 200; here it is only that nobody waits for a poll, on machines with other work


def test_a_promise_is_answered_while_the_shopper_waits(tmp_path: Path) -> None:
    took_ms = measure(tmp_path / "road", random.Random(7), COUNT)  # noqa: S311
    assert len(took_ms) == COUNT
    p99 = percentile(took_ms, 0.99)
    print(f"promise p50 {percentile(took_ms, 0.5):.1f} ms, p99 {p99:.1f} ms, longest {max(took_ms):.1f} ms")  # noqa: T201 - `-s` shows it
    assert p99 <= BOUND_MS
