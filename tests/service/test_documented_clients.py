# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs in the manual do what it says, as they stand there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from tiny_backend import PATIENCE

from chironomy.client import start_backend
from chironomy.client.announcements import announce
from chironomy.motion.files import load_hands

PLACES = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "APPDATA", "LOCALAPPDATA", "HOME")


def test_the_programs_in_the_manual_make_hands(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manual = (repository / "docs" / "service.md").read_text(encoding="utf-8")
    with_client, alone = re.findall(r"```python\n(.*?)```", manual, re.DOTALL)
    assert "chironomy" not in alone, "this one needs the standard library alone"
    samples, rate = soundfile.read(repository / "examples" / "speech.flac")
    soundfile.write(tmp_path / "speech.wav", samples[: 2 * rate], rate)
    # What this user's own backends announce is not to be found.
    for name in PLACES:
        if name in os.environ or name.startswith("XDG"):
            monkeypatch.setenv(name, str(tmp_path / "places"))
    with start_backend(sys.executable, data=tmp_path / "data") as backend:
        shutil.copy(tmp_path / "data" / "server.json", tmp_path)
        with announce(backend.url, tmp_path / "data" / "token"):
            for program, made in ((with_client, "motion.npz"), (alone, "hands.npz")):
                command = [sys.executable, "-W", "ignore::ResourceWarning", "-c", program]
                subprocess.run(command, cwd=tmp_path, check=True, timeout=4 * PATIENCE)
                assert load_hands(tmp_path / made).fps == 24.0
    assert (tmp_path / "performance.zip").stat().st_size > 1000
