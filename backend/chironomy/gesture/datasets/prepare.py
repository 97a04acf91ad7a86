# SPDX-License-Identifier: GPL-3.0-or-later
"""A dataset on disk becomes a folder of clips: at the model's frame rate, with features, speakers, tempo and parts.

What is done is kept: a run that was stopped goes on, and one with other settings is refused.
"""

import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.body.smplx_model import SmplxModel, load_smplx_model
from chironomy.errors import ChironomyError
from chironomy.files import atomic_path
from chironomy.gesture.clips import Clip, one_hot, shard_path, write_description, write_shard
from chironomy.gesture.datasets import beat2, hands, show
from chironomy.gesture.datasets.recording import PARTS, Format, Recording
from chironomy.gesture.datasets.smplx_hands import finger_bend, relative_to_mean
from chironomy.gesture.encoding import encode
from chironomy.gesture.errors import GestureError
from chironomy.gesture.settings import DATASETS
from chironomy.motion.hand_motion import HandMotion
from chironomy.reading import read_json

FORMATS: dict[str, Format] = dict(zip(DATASETS, (beat2.FORMAT, show.FORMAT, hands.FORMAT), strict=True))

_RELATIVE_RANGE = (0.25, 2.5)
_ONE_HAND, _BOTH_HANDS = 3.0, 2.0  # times that the livelier hand is faster than the other
_LEAST_SPEED, _LEAST_SPREAD = 0.01, 0.005  # metres a second, metres: below, a speaker hardly moves
_REPORTED = 5


@dataclass(frozen=True)
class PrepareSettings:
    """What determines a folder of clips.

    Attributes:
        dataset: one of `FORMATS`.
        fps: motion frames a second.
        audio_features: "prosody" or "wav2vec2".
        encoder: folder of the wav2vec2 network.
        smplx: the person's SMPL-X model file.
        hand_mean: whether fingers are relative to the "flat" or the "mean" hand, or "auto" to measure it.
        speakers: only these, where there are any.
        seconds: length of a clip, about; tempo and amplitude are told for each.
        per_shard: recordings in one file.
    """

    dataset: str
    fps: float = 24.0
    audio_features: str = "prosody"
    encoder: str | None = None
    smplx: str | None = None
    hand_mean: str = "auto"
    speakers: tuple[str, ...] = ()
    seconds: float = 10.0
    per_shard: int = 16


def prepare(
    folder: Path, out: Path, settings: PrepareSettings, workers: int = 2, device: str = "cpu"
) -> dict[str, Any]:
    """Make whatever is missing of the clips of a dataset; returns their description.

    Args:
        folder: the dataset.
        out: for the clips.
        settings: what to make.
        workers: processes.
        device: where a wav2vec2 network runs.

    Raises:
        GestureError: the folder is not of that format, what it needs is missing, or half of it cannot be read.
    """
    layout = FORMATS[settings.dataset]
    if (settings.audio_features == "wav2vec2") != (settings.encoder is not None):
        raise GestureError("wav2vec2 features need the folder of a wav2vec2 model, and prosody needs none")
    recordings = [
        recording
        for recording in layout.find(folder)
        if not settings.speakers or {recording.speaker, recording.speaker.split("_")[0]} & set(settings.speakers)
    ]
    if not recordings:
        raise GestureError(f"{folder} has no recording with motion and speech of the speakers asked for")
    groups = [recordings[first : first + settings.per_shard] for first in range(0, len(recordings), settings.per_shard)]
    (out / "survey").mkdir(parents=True, exist_ok=True)
    surveys = [_survey_path(out, settings, group) for group in groups]
    survey = [
        item for part in _spread(partial(_survey_group, settings), groups, workers, "survey", surveys) for item in part
    ]
    usable = _usable(recordings, survey)
    relative, bend = _hand_mean(settings, [survey[number] for number in usable])
    tempo = _speakers(recordings, survey, usable)
    names = sorted({recordings[number].speaker for number in usable}, key=_natural)
    shards, parts = _shards([recordings[number] for number in usable], settings.per_shard)
    description = {
        "corpus": settings.dataset,
        "trained_on": layout.title + (f", for {layout.terms}" if layout.terms else ""),
        "terms": layout.terms,
        **{name: value for name, value in asdict(settings).items() if name not in ("encoder", "smplx", "speakers")},
        "encoder": None if settings.encoder is None else Path(settings.encoder).name,
        "smplx": None if settings.smplx is None else Path(settings.smplx).name,
        "audio_dim": _audio_dim(settings),
        "hand_mean": "mean" if relative else "flat",
        "finger_bend_degrees": round(float(np.rad2deg(bend)), 1),
        "style_names": names,
        "shards": len(shards),
        "parts": parts,
        "recordings": len(usable),
        "left_out": len(recordings) - len(usable),
        "names": hashlib.sha256("\n".join(recordings[number].name for number in usable).encode()).hexdigest(),
    }
    write_description(out, description)
    work = partial(_make_shard, settings, relative, names, tempo, device)
    paths = [shard_path(out, number) for number in range(len(shards))]
    for _ in _spread(work, shards, workers, "clips", paths):
        pass
    return description


def pieces(motion: HandMotion, audio: NDArray[np.float32], frames: int) -> Iterator[tuple[HandMotion, NDArray]]:
    """A recording cut into equal pieces of about so many frames."""
    total = min(motion.frame_count, len(audio))
    edges = np.linspace(0, total, max(1, round(total / frames)) + 1).round().astype(int)
    for first, last in pairwise(edges):
        yield motion.sliced(int(first), int(last)), audio[first:last]


def wrist_measures(motion: HandMotion) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean speed (2,), metres a second, and spread about the mean place (2,), metres, of the wrists where seen.

    NaN for a hand that is never seen.
    """
    seen = motion.confidence > 0
    speed = np.linalg.norm(np.diff(motion.wrist_position, axis=0), axis=-1) * motion.fps
    both = seen[1:] & seen[:-1]
    speeds, spreads = np.full(2, np.nan), np.full(2, np.nan)
    for hand in range(2):
        if both[:, hand].any():
            speeds[hand] = speed[both[:, hand], hand].mean()
            places = motion.wrist_position[seen[:, hand], hand]
            spreads[hand] = np.sqrt(((places - places.mean(axis=0)) ** 2).sum(axis=1).mean())
    return speeds, spreads


def _survey_group(settings: PrepareSettings, recordings: Sequence[Recording], path: Path) -> list[dict[str, Any]]:
    """Measure recordings, or read what was measured."""
    if path.exists():
        return read_json(path, GestureError, advice="remove it", maximum_bytes=64 << 20)
    items = [_survey(settings, recording) for recording in recordings]
    if any("error" in item for item in items):
        return items  # tried again next time
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(items))
    return items


def _survey(settings: PrepareSettings, recording: Recording) -> dict[str, Any]:
    layout, model = FORMATS[settings.dataset], _model(settings)
    try:
        bend = finger_bend(layout.poses(recording, model)) if layout.poses else (0.0, 0)
        motion = layout.read(recording, model, False)
    except ChironomyError as error:
        return {"error": str(error)}
    speed, spread = (float(np.nanmean(value)) if np.isfinite(value).any() else 0.0 for value in wrist_measures(motion))
    return {"frames": motion.frame_count, "speed": speed, "spread": spread, "bend": bend}


def _usable(recordings: Sequence[Recording], survey: Sequence[dict[str, Any]]) -> list[int]:
    usable = [number for number, item in enumerate(survey) if "error" not in item]
    broken = [item["error"] for item in survey if "error" in item]
    for error in broken[:_REPORTED]:
        print(f"left out: {error}", flush=True)
    if len(broken) > _REPORTED:
        print(f"left out {len(broken) - _REPORTED} more", flush=True)
    if 2 * len(usable) < len(recordings):
        raise GestureError(f"{len(broken)} of {len(recordings)} recordings cannot be read; the first: {broken[0]}")
    return usable


def _hand_mean(settings: PrepareSettings, survey: Sequence[dict[str, Any]]) -> tuple[bool, float]:
    """Whether fingers are relative to the mean hand, and how far they are bent on average, radians."""
    if FORMATS[settings.dataset].poses is None:
        return False, 0.0
    relative, bend = relative_to_mean((item["bend"][0], item["bend"][1]) for item in survey)
    if settings.hand_mean != "auto":
        relative = settings.hand_mean == "mean"
    elif settings.dataset == "show":
        relative = True  # by its own description
    if relative and settings.smplx is None:
        raise GestureError(
            f"the fingers of these recordings are bent by {np.rad2deg(bend):.0f} degrees on average, so they are "
            "relative to SMPL-X's mean hand, which is in the model file alone: give it with --smplx, or --hand-mean "
            "flat if the speakers' hands are flat"
        )
    return relative, bend


def _speakers(
    recordings: Sequence[Recording], survey: Sequence[dict[str, Any]], usable: Sequence[int]
) -> dict[str, tuple[float, float]]:
    """Mean wrist speed and mean spread of each speaker, by frames."""
    totals: dict[str, NDArray[np.float64]] = {}
    for number in usable:
        item = survey[number]
        row = np.array([item["speed"] * item["frames"], item["spread"] * item["frames"], item["frames"]])
        totals[recordings[number].speaker] = totals.get(recordings[number].speaker, np.zeros(3)) + row
    return {name: (float(row[0] / row[2]), float(row[1] / row[2])) for name, row in totals.items()}


def _shards(recordings: Sequence[Recording], per_shard: int) -> tuple[list[list[Recording]], dict[str, list[int]]]:
    """Recordings by shard, and the first shard of each part and the one after its last."""
    shards: list[list[Recording]] = []
    parts = {}
    for part in PARTS:
        those = [recording for recording in recordings if recording.part == part]
        first = len(shards)
        shards += [those[start : start + per_shard] for start in range(0, len(those), per_shard)]
        parts[part] = [first, len(shards)]
    return shards, parts


def _make_shard(
    settings: PrepareSettings,
    relative: bool,
    names: Sequence[str],
    tempo: dict[str, tuple[float, float]],
    device: str,
    recordings: Sequence[Recording],
    path: Path,
) -> None:
    if path.exists():
        return
    clips = []
    for recording in recordings:
        motion = FORMATS[settings.dataset].read(recording, _model(settings), relative).resampled(settings.fps)
        audio = _audio(settings, recording, motion.frame_count, device)
        style = one_hot(names.index(recording.speaker), len(names))
        for piece, heard in pieces(motion, audio, round(settings.seconds * settings.fps)):
            speeds, spreads = wrist_measures(piece)
            speed, spread = tempo[recording.speaker]
            clips.append(
                Clip(
                    heard,
                    encode(piece.wrist_position, piece.rotation),
                    style,
                    _relative(speeds, speed, _LEAST_SPEED),
                    _relative(spreads, spread, _LEAST_SPREAD),
                    _handedness(speeds),
                    # A resampled 0.5 is half a frame from a hand that is not seen.
                    (piece.confidence > 0.99).astype(np.float32),
                )
            )
    write_shard(path, clips)


def _relative(values: NDArray[np.float64], usual: float, least: float) -> float:
    """A measure of a clip against the speaker's usual one; 0, not known, where hands are not seen or do not move."""
    if usual < least or not np.isfinite(values).any():
        return 0.0
    return float(np.clip(np.nanmean(values) / usual, *_RELATIVE_RANGE))


def _handedness(speeds: NDArray[np.float64]) -> NDArray[np.float32]:
    """Which hand gestures, by which moves; all zero where that is not plain."""
    if not np.isfinite(speeds).all() or speeds.max() < _LEAST_SPEED:
        return np.zeros(3, np.float32)
    ratio = speeds.max() / max(float(speeds.min()), 1e-6)
    if ratio >= _ONE_HAND:
        return one_hot(int(speeds.argmax()), 3)
    return one_hot(2, 3) if ratio <= _BOTH_HANDS else np.zeros(3, np.float32)


def _audio(settings: PrepareSettings, recording: Recording, frames: int, device: str) -> NDArray[np.float32]:
    """Features of the recording's speech, as many frames as it has but no more than the motion."""
    from chironomy.speech.decode import load_speech

    speech = load_speech(recording.speech)
    frames = min(frames, speech.frame_count(settings.fps))
    if settings.encoder is not None:
        from chironomy.gesture.hearing import encoder_features

        return encoder_features(speech, settings.fps, frames, _encoder(settings.encoder, device))
    from chironomy.speech.prosody import prosody_features

    return prosody_features(speech, settings.fps, frames)


def _audio_dim(settings: PrepareSettings) -> int:
    if settings.encoder is not None:
        from chironomy.gesture.hearing import encoder_dim

        return encoder_dim(_encoder(settings.encoder, "cpu"))
    from chironomy.speech.prosody import PROSODY_NAMES

    return len(PROSODY_NAMES)


@lru_cache(maxsize=1)
def _encoder(folder: str, device: str) -> Any:
    from chironomy.gesture.hearing import load_encoder

    return load_encoder(folder, device)


def _model(settings: PrepareSettings) -> SmplxModel | None:
    return None if settings.smplx is None else load_smplx_model(settings.smplx)


def _survey_path(out: Path, settings: PrepareSettings, recordings: Sequence[Recording]) -> Path:
    """Named by what is in it, so that a dataset that grew is surveyed anew where it did."""
    names = [settings.dataset, str(settings.smplx), *(recording.name for recording in recordings)]
    return out / "survey" / f"{hashlib.sha256(chr(10).join(names).encode()).hexdigest()[:16]}.json"


def _natural(name: str) -> tuple[int, str]:
    """Speakers by their number, where names begin with one."""
    number = name.split("_")[0]
    return (int(number) if number.isdigit() else 10**6, name)


def _spread(
    work: Callable[[Sequence[Recording], Path], Any],
    groups: Sequence[Sequence[Recording]],
    workers: int,
    what: str,
    paths: Iterable[Path],
) -> Iterator[Any]:
    """Results of `work` on each group and its path, in order, by so many processes."""
    from tqdm import tqdm

    shape = {"total": len(groups), "desc": what, "unit": "shard", "disable": None}
    if workers <= 1:
        yield from tqdm(map(work, groups, paths), **shape)
        return
    # A fresh process, since the one that forks may hold threads and devices.
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        yield from tqdm(pool.map(work, groups, paths), **shape)
