# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what the documentation claims, and write it as a table: `make bench` (or `make bench RECORDINGS=folder`).

Speeds are of this machine and this moment; every one of them is the median of several runs after a warm-up. Figures on
real speech need a folder of recordings; phone alignments beside them (`NAME.phones.json`, as pocketsphinx's
aligner prints them: words `w` with phones `w`, each with text `t`, begin `b` and duration `d`) let the lips be checked.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLE = REPOSITORY / "examples" / "speech.flac"
Row = tuple[str, str, str]


def main() -> int:
    """Run the benchmarks that were asked for and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=Path, help="folder of real recordings")
    parser.add_argument("--only", choices=sorted(SECTIONS), action="append", help="may be given again")
    parser.add_argument("--write", type=Path, help="write the table to this file")
    options = parser.parse_args()
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Speeds are of the machine named here, whose other load is not known: compare ratios",
        "within one table, not seconds between tables. Gestures, the preview and the service have benchmarks of their",
        "own ([gestures](benchmarks-gesture.md), [video](benchmarks-video.md), [service](benchmarks-service.md)).",
        "",
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}.",
    ]
    for name, section in SECTIONS.items():
        if options.only and name not in options.only:
            continue
        print(f"— {name}", file=sys.stderr, flush=True)
        lines += ["", f"## {name.capitalize()}", "", "| figure | value | how |", "|---|---|---|"]
        for row in section(options):
            print("   ", *row[:2], file=sys.stderr, flush=True)
            lines.append("| " + " | ".join(row) + " |")
    text = "\n".join(lines) + "\n"
    print(text)
    if options.write:
        options.write.parent.mkdir(parents=True, exist_ok=True)
        options.write.write_text(text, encoding="utf-8")
    return 0


def median_seconds(action: Callable[[], Any], runs: int = 5) -> float:
    """Median of `runs` after one that is not counted."""
    action()
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        action()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def measure_speech(options: argparse.Namespace) -> Iterator[Row]:
    """Decoding, prosody and lips."""
    from chironomy.speech import lip_track, load_speech, prosody_features

    speech = load_speech(EXAMPLE)
    per_second = 1 / speech.duration
    yield "decoding", f"{median_seconds(lambda: load_speech(EXAMPLE)) * per_second:.4f} s a second of speech", "FLAC"
    seconds = median_seconds(lambda: prosody_features(speech, 24.0))
    yield "prosody features", f"{seconds * per_second:.4f} s a second of speech", "32 features at 24 fps"
    seconds = median_seconds(lambda: lip_track(speech, 24.0), runs=3)
    yield "lip timing", f"{seconds * per_second:.3f} s a second of speech", "words, phones and curves"
    if options.recordings:
        yield from _lips_on_alignments(options.recordings)


def _lips_on_alignments(folder: Path) -> Iterator[Row]:
    import json

    from chironomy.speech import lip_opening, lip_track, load_speech

    closed, closures, openings = 0, 0, {"vowel": [], "closure": []}
    for path in sorted(folder.glob("*.phones.json")):
        recording = path.with_name(path.name.replace(".phones.json", ".wav"))
        if not recording.exists():
            continue
        opening = lip_opening(lip_track(load_speech(recording), 24.0))
        for phone in _phones(json.loads(path.read_text(encoding="utf-8"))):
            label, begin, duration = phone
            middle = round((begin + duration / 2) * 24)
            if middle >= len(opening):
                continue
            if label in {"P", "B", "M"}:
                around = opening[max(0, middle - 1) : middle + 2]
                closures += 1
                closed += bool(around.min() <= 0.015)
                openings["closure"].append(around.min())
            elif label[:2] in {
                "AA",
                "AE",
                "AH",
                "AO",
                "AW",
                "AY",
                "EH",
                "ER",
                "EY",
                "IH",
                "IY",
                "OW",
                "OY",
                "UH",
                "UW",
            }:
                openings["vowel"].append(opening[middle])
    if closures:
        yield "lips shut on p, b, m", f"{closed} of {closures}", "within one frame of the phone's middle, real readings"
        means = {name: float(np.mean(values)) for name, values in openings.items()}
        yield (
            "opening on vowels against p, b, m",
            f"{means['vowel']:.3f} against {means['closure']:.3f}",
            "parts of the jaw's full gape",
        )


def _phones(alignment: Any) -> Iterator[tuple[str, float, float]]:
    """Label without stress, begin and duration in seconds."""
    for word in alignment["w"]:
        for phone in word.get("w", []):
            yield phone["t"].upper().rstrip("012"), float(phone["b"]), float(phone["d"])


def measure_keys(options: argparse.Namespace) -> Iterator[Row]:
    """How many key poses the motion needs, and how far the keys are off."""
    import math

    from chironomy.gesture.runtime import GestureRuntime
    from chironomy.gesture.shipped import embedded_weights
    from chironomy.motion.key_poses import Miss, hand_key_poses
    from chironomy.speech import load_speech

    runtime = GestureRuntime.from_folder(embedded_weights())
    recordings = (
        sorted(file for file in options.recordings.iterdir() if file.suffix in (".wav", ".flac"))
        if (options.recordings)
        else []
    )
    files, styles = recordings or [EXAMPLE], ("neutral", "calm", "lively")
    takes = [runtime(load_speech(file), seed=2, style=style) for file in files for style in styles]
    about = f"{len(files)} recordings, {', '.join(styles)}, each hand; the worst of them"
    for detail, name in ((0.0, "blocking"), (0.25, "coarse"), (0.5, "usual"), (0.75, "fine"), (1.0, "exact")):
        rates, nearest, miss = [], math.inf, Miss()
        for motion in takes:
            for hand in range(2):
                sparse, off = hand_key_poses(motion, hand, detail)
                rates.append(len(sparse[0].frames) / motion.duration)
                nearest = min(nearest, *np.diff(sparse[0].frames).tolist())
                miss = miss.or_worse(off)
        said = f"95 % within {1000 * miss.wrist:.1f} mm and {math.degrees(miss.joint):.1f}°"
        rate = f"{np.mean(rates):.1f} a second of a hand, {max(rates):.1f} at most; {nearest:.0f} frames apart at least"
        yield f"key poses, {name}", f"{rate}; {said}", about
    motion = takes[0]
    seconds = median_seconds(lambda: hand_key_poses(motion, 0), runs=3)
    yield "key poses of a hand", f"{1000 * seconds / motion.duration:.1f} ms a second of motion", "one thread"


def measure_video(_: argparse.Namespace) -> Iterator[Row]:
    """The length and the sound of the preview's films."""
    from chironomy.commands.video import shot_of_files
    from chironomy.gesture import GesturePipeline, embedded_weights
    from chironomy.motion import save_hands
    from chironomy.speech import load_speech
    from chironomy.video.film.encode import probe
    from chironomy.video.render import render_video

    with tempfile.TemporaryDirectory() as folder:
        motion = GesturePipeline.from_pretrained(embedded_weights())(load_speech(EXAMPLE), seed=0)
        save_hands(motion, Path(folder) / "m.npz")
        shot = shot_of_files(Path(folder) / "m.npz", EXAMPLE, None, "previz", (512, 704))
        film = Path(folder) / "v.mp4"
        render_video(shot, film)
        info = probe(film)
        yield "length of the film", f"{info.duration:.3f} s for {load_speech(EXAMPLE).duration:.3f} s", "speech"
        yield "loudness", f"{_loudness(film) - _loudness(EXAMPLE):+.2f} LU against the input", "EBU R 128, ffmpeg"


def _loudness(path: Path) -> float:
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", path, "-af", "ebur128", "-f", "null", "-"]
    said = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stderr
    return float(said.split("Integrated loudness:")[1].split("I:")[1].split("LUFS")[0])


def measure_job(_: argparse.Namespace) -> Iterator[Row]:
    """`chironomy animate` from end to end."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        command = [sys.executable, "-m", "chironomy", "animate", EXAMPLE, "--out", out, "--edit", "right:+0.10"]
        done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True, cwd=REPOSITORY)
        table = done.stdout.partition("step ")[2].splitlines()[1:]
        for name, value in (line.split(maxsplit=1) for line in table if line.strip()):
            if name in {"start", "generate", "fbx", "video", "sheet", "total"}:
                yield name, f"{value.strip()} s", "one run on 12.7 s of speech, cold start included"
            elif name in {"keys", "edit"}:
                yield name, value.strip(), "the same run"
        for path in sorted(out.iterdir()):
            yield f"`{path.name}`", f"{path.stat().st_size / 1e6:.2f} MB", "size"


SECTIONS: dict[str, Callable[[argparse.Namespace], Iterator[Row]]] = {
    "speech": measure_speech,
    "keys": measure_keys,
    "video": measure_video,
    "whole job": measure_job,
}


if __name__ == "__main__":
    raise SystemExit(main())
