# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the whole Generate, speech to keys, on a minute of speech: `make bench-generate`.

With `--baseline`, a folder of an older checkout, both take turns in the same run, and their ratios are said. The first
round, in which models are loaded, is not counted. Then `chironomy gesture` as a cold process on the example recording.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from chironomy.files import atomic_path
from chironomy.speech import Speech, load_speech
from chironomy.speech.decode import write_wav

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "speech.flac"


def main() -> int:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baseline", type=Path, help="folder of an older checkout")
    parser.add_argument("--recordings", type=Path, help="folder of real recordings (default: the example's)")
    parser.add_argument("--seconds", type=float, default=60.0, help="of speech")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path, help="write the table to this file")
    options = parser.parse_args()
    checkouts = {"this": ROOT} | ({"baseline": options.baseline.resolve()} if options.baseline else {})
    with tempfile.TemporaryDirectory() as folder:
        speech = write_wav(minute(options.recordings, options.seconds), Path(folder, "speech.wav"))
        warm = rounds(checkouts, speech, options.rounds)
        cold = {name: [command(checkout, Path(folder)) for _ in range(3)] for name, checkout in checkouts.items()}
    text = "\n".join(table(checkouts, options, warm, cold)) + "\n"
    print(text)
    if options.write:
        # What `make bench-desk` wrote stays.
        known = options.write.read_text(encoding="utf-8") if options.write.exists() else ""
        _, desk, rest = known.partition("\n# The desk")
        with atomic_path(options.write) as partial:
            partial.write_text(text + desk + rest, encoding="utf-8")
    return 0


def minute(recordings: Path | None, seconds: float) -> Speech:
    """So many seconds of speech from recordings, one after the other and again."""
    known = (".wav", ".flac", ".mp3", ".ogg")
    paths = [EXAMPLE] if recordings is None else sorted(p for p in recordings.iterdir() if p.suffix in known)
    samples = np.concatenate([load_speech(path).samples for path in paths])
    return Speech.from_samples(np.resize(samples, round(seconds * 16000)), 16000)


def environment(checkout: Path) -> dict[str, str]:
    """Variables with which Python takes the library of a checkout."""
    return os.environ | {"PYTHONPATH": str(checkout / "backend"), "HF_HUB_OFFLINE": "1"}


def rounds(checkouts: dict[str, Path], speech: Path, count: int) -> dict[str, list[dict[str, Any]]]:
    """What each checkout's worker tells of each round; they take turns."""
    program = [sys.executable, str(ROOT / "tools" / "generate_benchmark" / "worker.py"), str(speech)]
    workers = {
        name: subprocess.Popen(
            program, env=environment(checkout), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name, checkout in checkouts.items()
    }
    told: dict[str, list[dict[str, Any]]] = {name: [] for name in workers}
    for number in range(count + 1):
        for name, worker in workers.items():
            stdin, stdout = worker.stdin, worker.stdout
            assert stdin is not None
            assert stdout is not None
            stdin.write("\n")
            stdin.flush()
            answer = json.loads(stdout.readline())
            print(f"round {number} {name}: {answer['seconds']['whole Generate']:.2f} s", file=sys.stderr, flush=True)
            if number:
                told[name].append(answer)
    for worker in workers.values():
        worker.communicate()
    return told


def command(checkout: Path, folder: Path) -> tuple[float, float, float]:
    """Seconds, seconds of processor and MB at the peak of `chironomy gesture` on the example recording."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "chironomy", "gesture", str(EXAMPLE), "--out", str(folder / "cold.npz")],
        env=environment(checkout),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    peak = [0.0]
    watch = threading.Thread(target=_watch, args=(process, peak))
    watch.start()
    before = os.times()
    process.wait()
    after = os.times()
    watch.join()
    processor = after.children_user - before.children_user + after.children_system - before.children_system
    return time.perf_counter() - begin, processor, peak[0]


def _watch(process: "subprocess.Popen[Any]", peak: list[float]) -> None:
    status = Path(f"/proc/{process.pid}/status")
    while process.returncode is None:
        try:
            line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        except (OSError, StopIteration):
            return
        peak[0] = int(line.split()[1]) / 1024
        time.sleep(0.02)


def table(
    checkouts: dict[str, Path],
    options: argparse.Namespace,
    warm: dict[str, list[dict[str, Any]]],
    cold: dict[str, list[tuple[float, float, float]]],
) -> list[str]:
    """Lines of the table, in Markdown."""
    lines = [
        "# The whole Generate",
        "",
        f"Made by `make bench-generate` on {platform.machine()} with {os.cpu_count()} cores, Python "
        f"{platform.python_version()}: {options.seconds:g} s of speech at 24 frames a second, models loaded, median of "
        f"{options.rounds} rounds (minimum in brackets), in which the checkouts take turns. Lips and gestures are made "
        "side by side, so the whole takes less than its parts. What it takes of the processor, other programs hardly "
        f"lengthen. The load was {os.getloadavg()[0]:.0f} at the end.",
        "",
    ]
    names = list(checkouts)
    lines += ["| seconds | " + " | ".join([*names, *(["as fast"] if len(names) > 1 else [])]) + " |"]
    lines += ["|" + "---|" * (len(names) + 1 + (len(names) > 1))]
    for part in warm["this"][0]["seconds"]:
        values = {name: [answer["seconds"][part] for answer in answers] for name, answers in warm.items()}
        cells = [f"{statistics.median(value):.2f} ({min(value):.2f})" for value in values.values()]
        if len(names) > 1:
            ratio = statistics.median(b / a for a, b in zip(values["this"], values["baseline"], strict=True))
            cells.append(f"{ratio:.1f} ×")
        lines.append(f"| {part} | " + " | ".join(cells) + " |")
    lines += [
        f"| keys | {' | '.join(str(warm[name][0]['keys']) for name in names)} |" + (" |" if len(names) > 1 else "")
    ]
    lines += ["", f"`chironomy gesture` as a cold process on {load_speech(EXAMPLE).duration:.1f} s of speech:", ""]
    lines += ["| | s | s of processor | MB at the peak |", "|---|---|---|---|"]
    for name, runs in cold.items():
        wall, processor, memory = (min(column) for column in zip(*runs, strict=True))
        lines.append(f"| {name} | {wall:.1f} | {processor:.1f} | {memory:.0f} |")
    return lines


if __name__ == "__main__":
    sys.exit(main())
