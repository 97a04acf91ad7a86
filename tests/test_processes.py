# SPDX-License-Identifier: GPL-3.0-or-later
"""Other programs open no console on Windows: one place starts them, and everything goes through it."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chironomy import processes

NO_WINDOW, NEW_GROUP = 0x08000000, 0x00000200
"""CREATE_NO_WINDOW and CREATE_NEW_PROCESS_GROUP, by Microsoft's reference of process creation flags."""

STARTERS = {
    "subprocess": {"run", "Popen", "call", "check_call", "check_output", "getoutput", "getstatusoutput"},
    "os": {"system", "popen", "startfile", "posix_spawn", "posix_spawnp", "fork", "forkpty"}
    | {f"{kind}{form}" for kind in ("exec", "spawn") for form in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")},
    "asyncio": {"create_subprocess_exec", "create_subprocess_shell"},
    "pty": {"spawn"},
}


def started(source: str) -> Iterator[tuple[int, str]]:
    """Where a module starts a program by itself: (line, what it calls), whatever names it imports by."""
    tree = ast.parse(source)
    modules, functions = {name: name for name in STARTERS}, {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.asname: alias.name for alias in node.names if alias.asname and alias.name in STARTERS}
        elif isinstance(node, ast.ImportFrom) and node.module in STARTERS:
            functions |= {alias.asname or alias.name: (node.module, alias.name) for alias in node.names}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called: tuple[str, str] | None = None
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            called = (modules.get(node.func.value.id, ""), node.func.attr)
        elif isinstance(node.func, ast.Name):
            called = functions.get(node.func.id)
        if called and called[1] in STARTERS.get(called[0], ()):
            yield node.lineno, ".".join(called)


@pytest.mark.parametrize("room", ["backend/chironomy", "blender_addon"])
def test_every_program_is_started_in_one_place(repository: Path, room: str) -> None:
    found = [
        f"{path.relative_to(repository)}:{line}: {call}; use chironomy.processes"
        for path in sorted((repository / room).rglob("*.py"))
        if path != Path(processes.__file__)
        for line, call in started(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "import subprocess\nsubprocess.run(['a'])",
        "import subprocess as s\ns.Popen(['a'])",
        "from subprocess import check_output as said\nsaid(['a'])",
        "import os\nos.system('a')",
        "import asyncio\nasyncio.create_subprocess_exec('a')",
    ],
)
def test_a_program_that_is_started_elsewhere_is_found(source: str) -> None:
    assert [line for line, _ in started(source)] == [2]


def test_words_of_subprocess_are_no_start() -> None:
    assert list(started("import subprocess\nx: subprocess.Popen[bytes]\nf(stdout=subprocess.PIPE)")) == []


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What Windows would be asked for."""
    asked: list[dict[str, Any]] = []

    def answer(command: Any, **options: Any) -> Any:
        asked.append({"command": command, **options})
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(subprocess, "CREATE_NO_WINDOW", NO_WINDOW, raising=False)
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", NEW_GROUP, raising=False)
    monkeypatch.setattr(subprocess, "run", answer)
    monkeypatch.setattr(subprocess, "Popen", answer)
    return asked


def test_on_windows_no_console_opens(windows: list[dict[str, Any]]) -> None:
    processes.run(["ffmpeg"])
    processes.start(["ffmpeg"])
    processes.start(["python"], apart=True)
    assert [asked["creationflags"] for asked in windows] == [NO_WINDOW, NO_WINDOW, NO_WINDOW | NEW_GROUP]
    assert not any("start_new_session" in asked for asked in windows)


def test_a_program_reads_what_it_is_given_and_nothing_else() -> None:
    echo = [sys.executable, "-c", "import sys; print(repr(sys.stdin.read()))"]
    assert processes.run(echo, capture_output=True, text=True).stdout.strip() == "''"
    assert processes.run(echo, capture_output=True, text=True, input="words").stdout.strip() == "'words'"
    with processes.start(echo, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.read().strip() == "''"


def test_a_program_that_fails_raises_where_it_is_asked_to() -> None:
    fails = [sys.executable, "-c", "raise SystemExit(3)"]
    assert processes.run(fails).returncode == 3
    with pytest.raises(subprocess.CalledProcessError):
        processes.run(fails, check=True)


@pytest.mark.skipif(sys.platform == "win32", reason="processes end by signals of POSIX")
def test_a_program_that_will_not_end_is_ended() -> None:
    stubborn = "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True)"
    command = [sys.executable, "-c", f"{stubborn}; time.sleep(60)"]
    with processes.start(command, apart=True, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        processes.end(process, 0.05)
        assert process.returncode == -9
    processes.end(process, 0.05)
