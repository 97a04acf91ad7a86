# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line as a function: its exit code and what it said."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from command_line import Command, Said, still_hands

from chironomy.cli import main
from chironomy.motion.hand_motion import HandMotion
from chironomy.work import Work


@pytest.fixture
def chironomy_command(capfd: pytest.CaptureFixture[str]) -> Command:
    def run(*arguments: object) -> Said:
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capfd.readouterr()
        return Said(code, out, err)

    return run


@pytest.fixture
def still_model(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """A gesture model that keeps the hands still, and the settings of each call to it."""
    calls: list[Mapping[str, Any]] = []

    def pipeline(speech: Any, *, fps: float, work: Work, **settings: Any) -> HandMotion:
        calls.append({"fps": fps, **settings})
        work.progress(0.5)
        return still_hands(max(1, round(speech.duration * fps)), fps)

    monkeypatch.setattr("chironomy.performance.gestures.gesture_pipeline", lambda: pipeline)
    return calls


@pytest.fixture
def blocked(tmp_path: Path) -> Path:
    """A folder that nobody can make, whoever runs the tests: its parent is a file."""
    (tmp_path / "file").write_text("")
    return tmp_path / "file" / "folder"
