# SPDX-License-Identifier: GPL-3.0-or-later
"""What `chironomy evaluate video` says of videos: every metric that what is at hand allows, and why the others are not.

A reference video allows SSIM, PSNR, FID, FVD and E-FID's stand-in; speech the lips' correlation and, with SyncNet,
Sync-C and Sync-D; a portrait with a face network CSIM; a shot or a motion the hands' distance from where they were
asked. HKC and HKV need the video alone. What looks at hands or faces needs the extra `vision`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chironomy.evaluation.bootstrap import Interval, interval
from chironomy.evaluation.errors import EvaluationError
from chironomy.evaluation.figures import Metric, figure_records, figure_rows, plain
from chironomy.evaluation.video.expression_distance import expressions
from chironomy.evaluation.video.extractors import ClipStatistics, FeatureExtractor, PictureStatistics
from chironomy.evaluation.video.hand_confidence import hand_keypoint_confidence, hands_found
from chironomy.evaluation.video.hand_distance import asked_inside, hand_keypoint_distance
from chironomy.evaluation.video.hand_variance import hand_keypoint_variance, variance_against_asked
from chironomy.evaluation.video.lip_sync import lip_sync, loudness, mouth_opening
from chironomy.evaluation.video.peak_signal_to_noise import peak_signal_to_noise
from chironomy.evaluation.video.perceived_video import PerceivedVideo, Watcher
from chironomy.evaluation.video.structural_similarity import structural_similarity
from chironomy.evaluation.video.video_distance import FEWEST_CLIPS, FEWEST_FRAMES, video_distance
from chironomy.speech.decode import Speech
from chironomy.speech.lips import lip_opening, lip_track
from chironomy.video.film.encode import probe, read_video_frames
from chironomy.video.portrait.picture import read_picture
from chironomy.work import QUIET, Work

if TYPE_CHECKING:
    from chironomy.evaluation.video.identity import FaceNetwork
    from chironomy.evaluation.video.speech_sync import SyncNetwork

METRICS: dict[str, Metric] = {
    "FID": Metric("", "lower", 2),
    "FID, stand-in": Metric("", "lower", 2),
    "FVD": Metric("", "lower", 2),
    "FVD, stand-in": Metric("", "lower", 2),
    "SSIM": Metric("", "higher"),
    "PSNR": Metric("dB", "higher", 2),
    "CSIM": Metric("", "higher"),
    "E-FID, stand-in": Metric("", "lower", 2),
    "Sync-C": Metric("", "higher", 2),
    "Sync-D": Metric("", "lower", 2),
    "lips with loudness, r": Metric("", "higher"),
    "lips with phones, r": Metric("", "higher"),
    "lag of the lips": Metric("s", "0 or just below"),
    "HKC": Metric("", "higher"),
    "hands found": Metric("", "higher"),
    "HKV": Metric("(% of height)²", "as the data", 2),
    "HKV, part of the asked": Metric("", "1"),
    "hand AKD": Metric("% of height", "lower"),
}
"""Every figure by name, in the order of the table."""

STAND_IN = "a stand-in, never to be compared with any paper's"

Asked = Callable[[int, int, int, float], NDArray[np.float64]]
"""Width, height, number of frames and frames a second of a video to (T, 2, 21, 2) pixels."""


@dataclass(frozen=True, eq=False)
class VideoSample:
    """One video to measure.

    Attributes:
        path: of the video.
        reference: the video of the same performance, to compare frame by frame.
        speech: the recording, from the video's first frame on.
        asked: where its hands were asked for (`chironomy.evaluation.video.asked_hands`).
    """

    path: Path
    reference: Path | None = None
    speech: Speech | None = None
    asked: Asked | None = None


@dataclass(frozen=True, eq=False)
class Networks:
    """What features and embeddings are taken with.

    Attributes:
        pictures: FID's.
        clips: FVD's.
        face: CSIM's; None leaves it out.
        sync: SyncNet; None leaves Sync-C and Sync-D out.
    """

    pictures: FeatureExtractor = field(default_factory=PictureStatistics)
    clips: FeatureExtractor = field(default_factory=ClipStatistics)
    face: "FaceNetwork | None" = None
    sync: "SyncNetwork | None" = None


@dataclass(frozen=True)
class VideoReport:
    """Figures of several videos.

    Attributes:
        videos: for each video its name and figures.
        figures: over all of them, with 95 % intervals over videos; NaN intervals where there is none.
        notes: what was compared with what, and what was left out and why.
    """

    videos: list[dict[str, Any]]
    figures: dict[str, Interval]
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        """Plain values; what is not a number is null."""
        figures = figure_records(self.figures, METRICS)
        record = {"format": "chironomy.evaluation.video/1", "figures": figures}
        return plain({**record, "videos": self.videos, "notes": self.notes})

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """Cells of a table: metric, value, interval, unit, what is better; headings first."""
        return figure_rows(self.figures, METRICS, several=len(self.videos) > 1)


def evaluate_videos(
    samples: Sequence[VideoSample],
    references: Sequence[Path] = (),
    portrait: Path | None = None,
    networks: Networks | None = None,
    work: Work = QUIET,
) -> VideoReport:
    """Measure videos.

    Args:
        samples: one at least.
        references: videos whose look is the aim; FID, FVD and E-FID compare with all of them together.
        portrait: picture of the person, for CSIM.
        networks: the stand-ins by default.
        work: told after every frame that is looked at.

    Raises:
        ChironomyError: a video or picture cannot be read, or a network does not work.
    """
    networks = networks or Networks()
    notes: list[str] = []
    _check(samples)
    with Watcher([*(sample.path for sample in samples), *references], work) as watcher:
        embedding = _portrait_embedding(portrait, networks, watcher, notes)
        rows = [_measured(sample, watcher, embedding, networks, notes) for sample in samples]
        figures: dict[str, Interval] = {}
        for name in METRICS:
            values = np.array([row.get(name, math.nan) for row in rows])
            if np.isfinite(values).any():
                figures[name] = interval(values[np.isfinite(values)])
        if references:
            paths = [sample.path for sample in samples]
            figures |= _distance("FID", networks.pictures, paths, references, FEWEST_FRAMES, "frames", notes)
            figures |= _distance("FVD", networks.clips, paths, references, FEWEST_CLIPS, "clips of 16 frames", notes)
            figures |= _expression([watcher(path) for path in paths], [watcher(path) for path in references], notes)
    notes += _left_out(samples, references, portrait, networks, watcher.missing)
    videos = [{"name": str(sample.path), **row} for sample, row in zip(samples, rows, strict=True)]
    return VideoReport(videos, figures, list(dict.fromkeys(notes)))


def _check(samples: Sequence[VideoSample]) -> None:
    """Read what the hands were asked by, before the long work starts."""
    for sample in samples:
        if sample.asked is not None:
            info = probe(sample.path)
            sample.asked(info.width, info.height, 1, info.fps)


def _measured(
    sample: VideoSample,
    watcher: Watcher,
    embedding: NDArray[np.float64] | None,
    networks: Networks,
    notes: list[str],
) -> dict[str, float]:
    """The figures of one video."""
    row = {} if sample.reference is None else _against_reference(sample, notes)
    seen = watcher(sample.path)
    if seen is None:
        return row
    row |= _hands(sample, seen) | _lips(sample, seen, networks, notes)
    if embedding is not None and networks.face is not None:
        from chironomy.evaluation.video.identity import identity_similarity

        row["CSIM"] = identity_similarity(networks.face, embedding, read_video_frames(sample.path), seen.face)
    return row


def _against_reference(sample: VideoSample, notes: list[str]) -> dict[str, float]:
    assert sample.reference is not None
    info, other = probe(sample.path), probe(sample.reference)
    pair = f"{sample.path.name} and {sample.reference.name}"
    if (info.width, info.height) != (other.width, other.height):
        notes.append(
            f"SSIM and PSNR of {pair} are left out: one is {info.width}x{info.height} and the other "
            f"{other.width}x{other.height}; bring both to one size"
        )
        return {}
    if abs(info.fps - other.fps) > 0.01:
        notes.append(
            f"SSIM and PSNR of {pair} are left out: {info.fps:g} and {other.fps:g} frames a second do not meet"
        )
        return {}
    if info.frame_count != other.frame_count:
        shared = min(info.frame_count, other.frame_count)
        notes.append(f"{pair} have {info.frame_count} and {other.frame_count} frames: the first {shared} are compared")
    pairs = zip(read_video_frames(sample.path), read_video_frames(sample.reference), strict=False)
    values = [
        (structural_similarity(frame, reference), peak_signal_to_noise(frame, reference)) for frame, reference in pairs
    ]
    likeness, decibels = np.mean(values, axis=0)
    return {"SSIM": float(likeness), "PSNR": float(decibels)}


def _hands(sample: VideoSample, seen: PerceivedVideo) -> dict[str, float]:
    if sample.asked is None:
        return {
            "HKC": hand_keypoint_confidence(seen.hand_scores),
            "hands found": hands_found(seen.hand_scores),
            "HKV": hand_keypoint_variance(seen.hands, seen.height),
        }
    asked = sample.asked(seen.width, seen.height, seen.frame_count, seen.fps)
    wanted = asked_inside(asked, seen.width, seen.height)
    return {
        "HKC": hand_keypoint_confidence(seen.hand_scores, wanted),
        "hands found": hands_found(seen.hand_scores, wanted),
        "HKV": hand_keypoint_variance(seen.hands, seen.height),
        "HKV, part of the asked": variance_against_asked(seen.hands, asked, seen.height),
        "hand AKD": hand_keypoint_distance(seen.hands, asked, seen.width, seen.height),
    }


def _lips(sample: VideoSample, seen: PerceivedVideo, networks: Networks, notes: list[str]) -> dict[str, float]:
    if sample.speech is None:
        return {}
    opening = mouth_opening(seen.face)
    loud = lip_sync(opening, loudness(sample.speech, seen.fps, seen.frame_count), seen.fps)
    track = lip_track(sample.speech, seen.fps, seen.frame_count)
    spoken = lip_sync(opening, lip_opening(track), seen.fps)
    if math.isnan(spoken.correlation):
        notes.append(
            f"the lips of {sample.path.name} have no correlation: a second of a moving mouth with speech is needed"
        )
    figures = {
        "lips with loudness, r": loud.correlation,
        "lips with phones, r": spoken.correlation,
        "lag of the lips": spoken.lag,
    }
    if networks.sync is not None:
        from chironomy.evaluation.video.speech_sync import speech_sync

        sync = speech_sync(networks.sync, read_video_frames(sample.path), seen.face, seen.fps, sample.speech)
        if sync is None:
            notes.append(f"Sync-C and Sync-D of {sample.path.name} are left out: they need a second of a speaking face")
        else:
            figures |= {"Sync-C": sync.confidence, "Sync-D": sync.distance}
    return figures


def _distance(
    name: str,
    extractor: FeatureExtractor,
    paths: Sequence[Path],
    references: Sequence[Path],
    fewest: int,
    what: str,
    notes: list[str],
) -> dict[str, Interval]:
    given, wanted = ([extractor.features(read_video_frames(path)) for path in side] for side in (paths, references))
    return _told(f"{name}, stand-in" if extractor.stand_in else name, extractor, given, wanted, fewest, what, notes)


def _told(
    name: str,
    extractor: FeatureExtractor | None,
    given: Sequence[NDArray[np.float64]],
    wanted: Sequence[NDArray[np.float64]],
    fewest: int,
    what: str,
    notes: list[str],
) -> dict[str, Interval]:
    try:
        distance = video_distance(given, wanted, fewest, what)
    except EvaluationError as error:
        notes.append(f"{name} is left out: {error}")
        return {}
    by = "64 numbers of mediapipe's face mesh" if extractor is None else extractor.name
    note = f"{name} by {by}: {distance.samples} {what} against {distance.reference_samples} of the reference"
    if math.isfinite(distance.floor):
        note += f", whose own halves are {distance.floor:.2f} apart"
    if not distance.full_rank:
        note += f"; fewer samples than the {distance.numbers} features of each bias it upwards"
    note += f"; {STAND_IN}" if extractor is None or extractor.stand_in else "; compare it with others by this file only"
    notes.append(note)
    return {name: Interval(distance.value, math.nan, math.nan)}


def _expression(
    seen: Sequence[PerceivedVideo | None], references: Sequence[PerceivedVideo | None], notes: list[str]
) -> dict[str, Interval]:
    given, wanted = ([expressions(one.face) for one in side if one is not None] for side in (seen, references))
    if not given or not wanted:
        return {}
    return _told("E-FID, stand-in", None, given, wanted, FEWEST_FRAMES, "frames with a face", notes)


def _portrait_embedding(
    portrait: Path | None, networks: Networks, watcher: Watcher, notes: list[str]
) -> NDArray[np.float64] | None:
    if portrait is None or networks.face is None or watcher.perceiver is None:
        return None
    picture = read_picture(portrait)
    face = watcher.perceiver(picture).face
    if face is None:
        raise EvaluationError(f"no face is found in {portrait.name}; give --portrait the picture of a face")
    notes.append(f"CSIM by {networks.face.name}; compare it with others by this file only")
    return networks.face.of_face(picture, face)


def _left_out(
    samples: Sequence[VideoSample],
    references: Sequence[Path],
    portrait: Path | None,
    networks: Networks,
    missing: str,
) -> list[str]:
    """What was not measured, and what it would take."""
    notes = [f"HKC, HKV, hand AKD and all that looks at the face are left out: {missing}"] if missing else []
    if not references:
        notes.append("SSIM, PSNR, FID, FVD and E-FID are left out: they need --reference")
    elif all(sample.reference is None for sample in samples):
        notes.append("SSIM and PSNR are left out: no reference has the name of a video")
    if portrait is None or networks.face is None:
        need = "--portrait and --face-extractor" if portrait is None else "--face-extractor, a face recognition network"
        notes.append(f"CSIM is left out: it needs {need}")
    spoken = [sample for sample in samples if sample.speech is not None]
    if not spoken:
        notes.append("the lips are left out: the videos have no sound; give --speech")
    if networks.sync is None:
        notes.append("Sync-C and Sync-D are left out: they need --sync-extractor, SyncNet's weights as TorchScript")
    if all(sample.asked is None for sample in samples):
        notes.append("hand AKD is left out: it needs --shot or --motion, where the hands were asked for")
    return notes
