# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs in the manual do what it says, as they stand there."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import soundfile
from tiny_backend import PATIENCE

from chironomy.client import start_backend
from chironomy.motion.files import load_hands


def test_the_programs_in_the_manual_make_hands(repository: Path, tmp_path: Path) -> None:
    manual = (repository / "docs" / "service.md").read_text(encoding="utf-8")
    programs = re.findall(r"```python\n(.*?)```", manual, re.DOTALL)
    assert len(programs) == 2
    assert "chironomy" not in programs[1], "this one needs the standard library alone"
    samples, rate = soundfile.read(repository / "examples" / "speech.flac")
    with start_backend(sys.executable, data=tmp_path / "data") as backend:
        assert backend.running()
        for number, program in enumerate(programs):
            folder = tmp_path / str(number)
            folder.mkdir()
            soundfile.write(folder / "speech.wav", samples[: 2 * rate], rate)
            shutil.copy(tmp_path / "data" / "server.json", folder)
            command = [sys.executable, "-W", "ignore::ResourceWarning", "-c", program]
            subprocess.run(command, cwd=folder, check=True, timeout=4 * PATIENCE)
            assert load_hands(folder / "hands.npz").fps == 24.0
