# SPDX-License-Identifier: GPL-3.0-or-later
"""A plugin of pytest: a run says how many tests it skipped and why, and with `--fail-on-skip` fails on a surprise."""

import re
from collections import Counter
from collections.abc import Iterable

import pytest

EXPECTED = (
    # Material of other people's, which the project may try and not carry; every room has tests on inputs of our own.
    r"^no folder of .* beside the checkout",
    # What the machine is, and no package can change.
    r"^making a small file system needs rights that this account has not",
    r"^small file systems are made on Linux here",
    r"^this system has no /dev/full",
    r"^root may write anywhere here",
    r"^mediapipe has no wheel for Python 3\.13 and later$",
    r"signals of POSIX$",
)
"""Reasons that may skip a test in `make test`: regular expressions."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("skips")
    group.addoption("--fail-on-skip", action="store_true", help="fail where a test is skipped for no expected reason")
    group.addoption(
        "--expect-skip", action="append", default=[], metavar="REGEX", help="another reason that is expected"
    )


def skips(config: pytest.Config) -> tuple[Counter[str], Counter[str]]:
    """How many tests each reason has skipped so far: the expected reasons and the others."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    expected, surprising = Counter(), Counter()
    for report in reporter.stats.get("skipped", []) if reporter else []:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple | list) else str(report.longrepr)
        reason = reason.removeprefix("Skipped: ")
        (expected if is_expected(reason, config.getoption("expect_skip")) else surprising)[reason] += 1
    return expected, surprising


def is_expected(reason: str, more: Iterable[str] = ()) -> bool:
    return any(re.search(pattern, reason) for pattern in (*EXPECTED, *more))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    _, surprising = skips(session.config)
    if surprising and session.config.getoption("fail_on_skip") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    expected, surprising = skips(config)
    terminalreporter.section("skipped tests")
    terminalreporter.line(f"{expected.total() + surprising.total()} skipped, {surprising.total()} of them unexpectedly")
    for word, reasons in (("expected", expected), ("UNEXPECTED", surprising)):
        for reason, count in sorted(reasons.items()):
            terminalreporter.line(f"  {word}: {count} × {reason}")
    if surprising and config.getoption("fail_on_skip"):
        terminalreporter.line("this run has failed: a test that is skipped shows nothing; install what it needs")
