# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory that gestures take in a process of their own: WEIGHTS RECORDING SECONDS.

It prints GB with the model loaded and warm, and at the peak for that many seconds of speech.
"""

import resource
import sys
from pathlib import Path

from chironomy.performance.gestures import gesture_pipeline
from chironomy.speech import Speech, load_speech


def gigabytes() -> float:
    """The most that this process has held so far."""
    status = Path("/proc/self/status")
    if status.is_file():
        # On Linux `ru_maxrss` begins with the peak of the process that started this one.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e9
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size * (1 if sys.platform == "darwin" else 1024) / 1e9


def main(weights: str, recording: str, seconds: str) -> None:
    """Make gestures and print."""
    import numpy as np

    maker = gesture_pipeline(Path(weights))
    speech = load_speech(Path(recording))
    maker(speech, seed=0)
    before = gigabytes()
    samples = np.resize(speech.samples, round(float(seconds) * speech.sample_rate))
    maker(Speech.from_samples(samples, speech.sample_rate), seed=0)
    print(before, gigabytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
