# SPDX-License-Identifier: GPL-3.0-or-later
"""A skipped test is counted, explained, and a failure where nobody expects it."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import pytest

def test_runs():
    pass

def test_of_others_material():
    pytest.skip("no folder of portraits beside the checkout")

@pytest.mark.skipif(True, reason="no voice")
def test_that_nobody_runs():
    pass
"""


@pytest.fixture
def run(pytester):
    """Run tests with the plugin in the folder of the test."""
    pytester.makeconftest(f"import sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\npytest_plugins = ['skips']")
    return lambda *arguments: pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments)


def test_a_run_says_how_many_were_skipped_and_why(pytester, run):
    pytester.makepyfile(TESTS)
    result = run()
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [
            "2 skipped, 1 of them unexpectedly",
            "*expected: 1 × no folder of portraits beside the checkout",
            "*UNEXPECTED: 1 × no voice",
        ]
    )


def test_an_unexpected_skip_fails_the_run_that_asks_for_it(pytester, run):
    pytester.makepyfile(TESTS)
    assert run("--fail-on-skip").ret == pytest.ExitCode.TESTS_FAILED
    assert run("--fail-on-skip", "--expect-skip", "^no voice$").ret == pytest.ExitCode.OK


def test_a_module_that_is_skipped_whole_counts_too(pytester, run):
    pytester.makepyfile(
        test_one='import pytest\npytest.importorskip("nothing_of_this_name")', test_two="def test(): ..."
    )
    result = run("--fail-on-skip")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["1 skipped, 1 of them unexpectedly", "*UNEXPECTED: 1 × could not import*"])


def test_skips_are_counted_over_several_processes(pytester, run):
    pytester.makepyfile(TESTS)
    result = run("--fail-on-skip", "--numprocesses", "1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["2 skipped, 1 of them unexpectedly"])
