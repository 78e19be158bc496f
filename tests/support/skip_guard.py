"""Fails a run that skipped a test for a reason nobody allowed: a green run must have run its tests.

Reasons are compared whole with the lines of tests/allowed_skips.txt.
"""

from pathlib import Path

import pytest

ALLOWED_SKIPS = Path(__file__).resolve().parent.parent / "allowed_skips.txt"


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(SkipGuard(read_allowed_skips(ALLOWED_SKIPS)), "popup-kiosk-skip-guard")


def read_allowed_skips(path: Path) -> frozenset[str]:
    """Return the reasons in the file, without their comments.

    Raises: ValueError if a reason does not say why it is allowed.
    """
    reasons = set()
    for line in path.read_text("utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        reason, mark, why = line.partition("  #")
        if not mark or not why.strip():
            msg = f"{path.name}: '{line}' does not say why it is allowed; write 'reason  # why'"
            raise ValueError(msg)
        reasons.add(reason.strip())
    return frozenset(reasons)


class SkipGuard:
    """Collects skips that are not allowed and turns a passing run with any into a failing one."""

    def __init__(self, allowed: frozenset[str]) -> None:
        self.allowed = allowed
        self.refused: list[tuple[str, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self._judge(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._judge(report)

    def _judge(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reason = text.removeprefix("Skipped: ")
        if reason not in self.allowed:
            self.refused.append((report.nodeid, reason))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.refused and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.refused:
            return
        terminalreporter.section("skips that are not allowed", red=True)
        for nodeid, reason in self.refused:
            terminalreporter.line(f"{nodeid}: '{reason}' is not in tests/{ALLOWED_SKIPS.name}", red=True)
