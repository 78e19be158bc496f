"""A green run has run its tests: a skip that nobody allowed fails it."""

import pytest
import skip_guard

RUN = ["-p", "skip_guard", "-p", "no:cacheprovider", "-p", "no:asyncio"]


@pytest.mark.parametrize(
    "skipping",
    [
        "import pytest\ndef test_it(): pytest.skip('no broker')",
        "import pytest\n@pytest.mark.skip(reason='no broker')\ndef test_it(): pass",
        "import pytest\n@pytest.mark.skipif(True, reason='no broker')\ndef test_it(): pass",
        "import pytest\npytest.skip('no broker', allow_module_level=True)",
        "import pytest\n@pytest.fixture\ndef broker(): pytest.skip('no broker')\ndef test_it(broker): pass",
    ],
    ids=["in the test", "mark", "condition", "module", "fixture"],
)
def test_an_unnamed_skip_fails_the_run(pytester, skipping):
    pytester.makepyfile(test_skipping=skipping, test_passing="def test_it(): pass")
    result = pytester.runpytest_inprocess(*RUN)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*test_skipping.py*'no broker' is not in tests/allowed_skips.txt"])


def test_a_named_skip_passes(pytester):
    pytester.makepyfile("import pytest\ndef test_it(): pytest.skip('real data absent: ../shared/data')")
    assert pytester.runpytest_inprocess(*RUN).ret == pytest.ExitCode.OK


def test_an_expected_failure_is_no_skip(pytester):
    pytester.makepyfile("import pytest\n@pytest.mark.xfail\ndef test_it(): assert False")
    assert pytester.runpytest_inprocess(*RUN).ret == pytest.ExitCode.OK


def test_a_failed_run_stays_failed(pytester):
    pytester.makepyfile("import pytest\ndef test_a(): assert False\ndef test_b(): pytest.skip('no broker')")
    assert pytester.runpytest_inprocess(*RUN).ret == pytest.ExitCode.TESTS_FAILED


def test_a_reason_must_say_why_it_is_allowed(tmp_path):
    path = tmp_path / "allowed.txt"
    path.write_text("no broker\n", "utf-8")
    with pytest.raises(ValueError, match="'no broker' does not say why"):
        skip_guard.read_allowed_skips(path)
