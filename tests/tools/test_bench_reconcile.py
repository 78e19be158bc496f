"""Sites that come back at once, in small: real broker, hub and bridges."""

import random

from bench.reconcile import measure


def test_sites_that_come_back_at_once_converge_and_every_promise_is_answered(tmp_path):
    seen = measure(tmp_path / "road", random.Random(7), sites=3, facts=50)  # noqa: S311
    assert seen.facts == 150
    assert len(seen.promises_s) == 3
    assert 0 < seen.promises_s[0] <= seen.promises_s[-1] <= seen.converged_s
    assert 0 < seen.acked_s <= seen.converged_s
