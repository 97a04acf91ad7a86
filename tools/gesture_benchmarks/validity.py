# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the motion possible, whatever is heard?"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from chironomy.evaluation.beats import stroke_apexes, wrist_speed
from chironomy.evaluation.jerk import motion_jerk
from chironomy.evaluation.limits import limit_violations
from chironomy.evaluation.penetration import penetration, penetration_depths
from chironomy.motion.hand_motion import HandMotion
from chironomy.speech import Speech
from gesture_benchmarks.bench import Bench, Figure, Table, joined, styles_of

Samples = NDArray[np.float64]
_RATE = 16000
_SECONDS = 12.0
_SEEDS = 10
_REST_SPEED = 0.05  # m/s
_CALM = 1.25  # times the wrist speed on clean speech


def measure_limits(bench: Bench) -> list[Figure | Table | str]:
    """Joint limits and penetration over recordings, styles, sizes and the held-out samples."""
    motions = list(bench.samples)
    for speech in bench.recordings:
        for style in styles_of(bench.pipeline):
            motions += [bench.pipeline(speech, seed=5, style=style, amplitude=size) for size in (1.0, 1.6)]
    frames = sum(motion.frame_count for motion in motions)
    limits = [limit_violations(motion) for motion in motions]
    depths = [penetration_depths(motion) for motion in motions]
    body, hands = (np.concatenate(part) for part in zip(*depths, strict=True))
    beyond = sum(found.rate * motion.frame_count * 30 for found, motion in zip(limits, motions, strict=True))
    rows: list[Figure | Table | str] = [
        Figure(
            "joints beyond limits by over 2°",
            f"{beyond:.0f} of {frames * 30}",
            "0",
            beyond < 0.5,
            f"{len(motions)} motions, {frames} frames, all styles, amplitude 1 and 1.6, held-out conditions; "
            f"worst {max(found.worst for found in limits):.2f}°",
        )
    ]
    for name, depth in (("hands and forearms in the body", body), ("hands in each other", hands)):
        share = float(np.mean(depth <= 0.005))
        rows.append(
            Figure(
                f"{name} ≤ 5 mm",
                f"{100 * share:.2f} % of frames",
                "≥ 99.5 %",
                share >= 0.995,
                f"deepest {1000 * depth.max():.1f} mm; the same motions",
            )
        )
    return rows


def measure_robustness(bench: Bench) -> list[Figure | Table | str]:
    """What the hands do when speech is bad, or none."""
    clean = joined(bench.recordings, _SECONDS)
    samples = np.asarray(clean.samples, np.float64)
    usual = _speeds([bench.pipeline(clean, seed=seed) for seed in range(_SEEDS)])
    rows, short = [], []
    for name, (make, rests) in _CASES.items():
        heard = Speech.from_samples(make(samples).astype(np.float32), _RATE, name)
        motions = [bench.pipeline(heard, seed=seed) for seed in range(_SEEDS)]
        ok, row = _judged(name, motions, heard, rests, usual)
        rows.append(row)
        if not ok:
            short.append(name)
    headings = [
        "heard",
        "wrist speed, m/s",
        "fastest half second, m/s",
        "strokes a minute",
        "jerk 95 %, m/s³",
        "beyond limits",
        "clear",
        "",
    ]
    verdict = Figure(
        "inputs that give calm, valid motion",
        f"{len(rows) - len(short)} of {len(rows)}",
        "all",
        not short,
        "valid: within limits and clear in 99.5 % of frames; calm: wrists at most "
        f"{_CALM} × as fast as on clean speech, on average ({usual[0]:.2f} m/s; not of 0.5 s) and in their fastest "
        f"half second ({usual[1]:.2f} m/s), in silence below {_REST_SPEED} m/s without a stroke; {_SEEDS} seeds each"
        + (f"; short: {', '.join(short)}" if short else ""),
    )
    return [verdict, Table(headings, rows)]


def _speeds(motions: list[HandMotion]) -> tuple[float, float]:
    """Wrist speed in m/s: the mean, and that of the fastest half second; means over motions."""
    means, fastest = [], []
    for motion in motions:
        speed = wrist_speed(motion).mean(axis=1)
        count = min(round(0.5 * motion.fps), len(speed))
        means.append(speed.mean())
        fastest.append(np.convolve(speed, np.full(count, 1 / count), "valid").max())
    return float(np.mean(means)), float(np.mean(fastest))


def _judged(
    name: str, motions: list[HandMotion], heard: Speech, rests: bool, usual: tuple[float, float]
) -> tuple[bool, list[str]]:
    mean, fastest = _speeds(motions)
    strokes = float(np.mean([60 * len(stroke_apexes(motion)) / heard.duration for motion in motions]))
    jerk = float(np.nanmean([motion_jerk(motion)[0].percentile_95 for motion in motions]))
    beyond = max(limit_violations(motion).rate for motion in motions)
    clear = min(penetration(motion).clear for motion in motions)
    if rests:
        calm = mean <= _REST_SPEED and strokes == 0
    else:
        calm = fastest <= _CALM * usual[1] and (mean <= _CALM * usual[0] or heard.duration < 1)
    ok = bool(calm and beyond == 0 and clear >= 0.995)
    cells = [name, f"{mean:.3f}", f"{fastest:.3f}", f"{strokes:.1f}", f"{jerk:.0f}"]
    return ok, [*cells, f"{100 * beyond:.3f} %", f"{100 * clear:.1f} %", "PASS" if ok else "**short**"]


def _noise(like: Samples, level: float) -> Samples:
    return np.random.default_rng(0).normal(0, level, len(like))


def _music(like: Samples) -> Samples:
    """Four chords of plucked tones, two a second."""
    times = np.arange(len(like)) / _RATE
    chords = ((220.0, 277.2, 329.6), (174.6, 220.0, 261.6), (196.0, 246.9, 293.7), (164.8, 207.7, 246.9))
    beat = np.floor(times * 2).astype(int)
    decay = np.exp(-3 * (times * 2 - beat) / 2)
    tones = np.array([[chords[b // 4 % 4][k] for b in range(beat.max() + 1)] for k in range(3)])
    phases = 2 * np.pi * np.cumsum(tones[:, beat] / _RATE, axis=1)
    return 0.15 * decay * sum(np.sin(h * phase) / h for phase in phases for h in (1, 2, 3, 4))


def _shouting(samples: Samples) -> Samples:
    from chironomy.gesture.corpus.recording import shouted

    return np.asarray(shouted(samples.astype(np.float32), np.random.default_rng(0)), np.float64)


def _whispering(samples: Samples) -> Samples:
    from chironomy.gesture.corpus.recording import whispered

    return np.asarray(whispered(samples.astype(np.float32), np.random.default_rng(0)), np.float64)


def _telephone(samples: Samples) -> Samples:
    from scipy.signal import butter, resample_poly, sosfilt

    narrow = np.asarray(sosfilt(butter(4, [300, 3400], "bandpass", fs=_RATE, output="sos"), samples))
    return np.asarray(resample_poly(resample_poly(narrow, 1, 2), 2, 1))[: len(samples)]


_CASES: dict[str, tuple[Callable[[Samples], Samples], bool]] = {
    "clean speech": (lambda samples: samples, False),
    "silence": (np.zeros_like, True),
    "faint hiss": (lambda samples: _noise(samples, 1e-4), True),
    "loud noise": (lambda samples: _noise(samples, 0.2), True),
    "music": (_music, False),
    "speech in noise, 5 dB": (lambda samples: samples + _noise(samples, float(samples.std()) * 10 ** (-5 / 20)), False),
    "speech over music": (lambda samples: samples + 0.5 * _music(samples), False),
    "shouting": (_shouting, False),
    "whispering": (_whispering, False),
    "8 kHz telephone": (_telephone, False),
    "clipped": (lambda samples: np.clip(samples * 20, -0.5, 0.5), False),
    "very quiet": (lambda samples: samples * 0.003, False),
    "DC offset": (lambda samples: np.clip(0.5 * samples + 0.4, -1, 1), False),
    "0.5 s": (lambda samples: samples[: _RATE // 2], False),
}
"""What is heard, and whether hands should rest."""
