# SPDX-License-Identifier: GPL-3.0-or-later
"""Make examples/speech.flac, the recording that `make demo` animates.

The words are the project's own; the voice is CMU ARCTIC's `slt` as shipped with Flite (a free, BSD-like licence).
Flite is a Debian package (`apt-get install flite`) and a Homebrew formula. Run: `make example-speech`.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import soundfile

TEXT = (
    "Good morning, and welcome. When you speak, your hands speak too. "
    "They rise before the word, they land exactly on it, and then they rest. "
    "So, give me one sentence, and I will show you a big, wide gesture!"
)


def main() -> int:
    """Speak the text with Flite and write it as 16-bit FLAC, mono, 16 kHz."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    output: Path = parser.parse_args().output
    with tempfile.TemporaryDirectory() as folder:
        spoken = Path(folder) / "speech.wav"
        command = ["flite", "-voice", "slt", "--setf", "duration_stretch=1.05", "-t", TEXT, "-o", str(spoken)]
        try:
            subprocess.run(command, check=True)
        except FileNotFoundError:
            print("flite is not installed: install the package `flite`, then run this again", file=sys.stderr)
            return 2
        samples, rate = soundfile.read(spoken, dtype="int16")
    output.parent.mkdir(parents=True, exist_ok=True)
    temporary = output.with_name(f".{output.name}")
    soundfile.write(temporary, samples, rate, format="FLAC", subtype="PCM_16")
    temporary.replace(output)
    print(f"{output}: {len(samples) / rate:.2f} s, {output.stat().st_size / 1e3:.0f} kB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
